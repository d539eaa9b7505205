"""The sentences of an undo: why something goes or comes back, what is in the way, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lib.text import listed
from workspaces.core.names import SEPARATOR
from workspaces.core.planning.plan_rows import Reason
from workspaces.core.planning.undo_places import Obstacle

WORDS: dict[Reason | Obstacle, str] = {
    Reason.CREATED: "created by that run",
    Reason.RESTORED: "restored by that run",
    Reason.COLLATERAL: "below a removed workspace, not made by that run",
    Obstacle.NAME_TAKEN: "another workspace has the name {name} at its place: rename or remove that one first",
    Obstacle.PARENT_GONE: "the workspace above its place is gone: restore that one first",
    Obstacle.PARENT_GOES: "the workspace above its place would go: move that one elsewhere first",
    Obstacle.BELOW_ITSELF: "it would stand below itself: move the workspaces between them first",
}
MOVED_SINCE = "moved since: it stays where it is; move it by a template"
REMOVED_SINCE = "removed since: restore it first"
REMOVED_AGAIN = "removed again since, by another run: undo that one"
BACK_ALREADY = "back already"
AS_BEFORE = "as it was before that run"
NOT_OF_THAT_RUN = "that run did not touch it"
GOING_DATA = "its data is being destroyed just now: look again in a moment"


def words_of(obstacle: Obstacle, *, name: str, stood_below: Sequence[str]) -> str:
    """The reason why a step back is given up, and what to do. `name` is the one that it would get, `stood_below` the
    names above a removed one as they were."""
    if obstacle is Obstacle.PARENT_GONE and stood_below:
        return f"it stood below {SEPARATOR.join(stood_below)}, which is gone: restore that one first"
    return WORDS[obstacle].format(name=name)


def returning(*, lost: bool, node: str) -> str:
    """The cause of a restore, with what it means for the data. `node` is a machine that does not answer,
    or one that has left."""
    if lost and node:
        return f"removed by that run; its data was on {node}, which is gone: it comes back empty"
    if lost:
        return "removed by that run; its data was destroyed, it comes back empty"
    if node:
        return f"removed by that run; its data is on {node}, which does not answer: it starts when that is back"
    return "removed by that run"


def held_by(name: str, *, itself: bool, protected: bool) -> str:
    """The reason why something stays that would go. One without protection is a workspace that cannot move back."""
    if itself:
        return "protected: clear its protection first"
    if protected:
        return f"above {name}, which is protected: clear that protection first"
    return f"above {name}, which can't move back"


def fields_left(changed: Sequence[str], *, by_hand: Sequence[str], without_files: bool) -> str:
    """The fields that stay as they are, and why; "" if none do. `by_hand` are names of schedules."""
    said = [
        f"changed since, left as it is: {listed(changed)}" if changed else "",
        f"a schedule made by hand has the name {listed(by_hand)}: rename or delete that one first" if by_hand else "",
        "the files it had are no longer stored: import them again" if without_files else "",
    ]
    return "; ".join(filter(None, said))
