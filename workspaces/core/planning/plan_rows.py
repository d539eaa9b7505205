"""The rows of a plan: one for each workspace, declared or live, with what happens to it and why."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from lib.text import listed
from workspaces.core.containers.restart_rule import Effect
from workspaces.core.names import SEPARATOR, fold_spaces
from workspaces.core.planning.field_diff import FieldDiff
from workspaces.core.template import Node


class Action(StrEnum):
    """A plan's action on one workspace."""

    CREATE = "create"
    KEEP = "keep"
    UPDATE = "update"
    MOVE = "move"
    LEFT_RUNNING = "left running"
    RESTORE = "restore"
    REMOVE = "remove"
    COLLATERAL = "collateral"
    HELD = "held"
    CANNOT = "cannot"
    UNTOUCHED = "untouched"


REMOVING = (Action.REMOVE, Action.COLLATERAL)  # no set: to hash a member takes longer than to look at both


class Rule(StrEnum):
    """The reason why a live workspace is a declared one."""

    IN_PLACE = "in place"
    OLDER = "older"
    PREVIOUSLY = "previously"
    MOVED = "moved"


class Whose(StrEnum):
    """The owner of a live workspace that the template does not name, as in REST answers."""

    BY_HAND = "by_hand"
    OTHER_TEMPLATE = "other_template"
    NO_LONGER_DECLARED = "no_longer_declared"


class Reason(StrEnum):
    """The rule by which a live row may go, as in REST answers: a leftover has one even where nothing removes it.
    Then those of a direct removal, and those of an undo: what the undone run created or restored."""

    ZOMBIE = "zombie"
    NOT_SPAWNING = "not_spawning"
    SUPERSEDED = "superseded"
    RETIRED = "retired"
    COLLATERAL = "collateral"
    CHOSEN = "chosen"
    BELOW = "below"
    CREATED = "created"
    RESTORED = "restored"


CAUSES = {
    Action.CREATE: "not live yet",
    Action.KEEP: "live at the same place",
    Action.COLLATERAL: "below a removed workspace, not in the template",
}
_WHOSE: dict[Whose | None, str] = {
    Whose.BY_HAND: "not in the template, made by hand",
    Whose.OTHER_TEMPLATE: "not in the template, declared by {template}",
    Whose.NO_LONGER_DECLARED: "no longer declared by {template}",
}
CAUSES_OF_A_DIRECT_REMOVAL: dict[Reason | None, str] = {
    Reason.CHOSEN: "deleted",
    Reason.BELOW: "below a removed workspace",
}
_EFFECTS = {
    Effect.RESTART: "restarts",
    Effect.RELEASE: "its container goes, the data is kept",
    Effect.BRING: "gets a container",
}
ASLEEP = "in the template only under spawning: false"

PLANNED = 7


def _about(diff: FieldDiff) -> list[str]:
    """The fields of a matched one, as parts of its cause."""
    overwritten = set(diff.overwritten)
    changed = [each["field"] for each in diff.changes if each["field"] not in overwritten]
    drift, conflicts = ([each["field"] for each in several] for several in (diff.drift, diff.conflicts))
    return [
        f"the template changed {listed(changed)}" if changed else "",
        f"overwritten: {listed(diff.overwritten)}" if overwritten else "",
        f"changed here, left as it is: {listed(drift)}" if drift else "",
        f"in conflict, left as it is: {listed(conflicts)}" if conflicts else "",
        _EFFECTS.get(diff.effect, ""),
    ]


# Tuples with names, not dataclasses: a plan is made of as many as there are workspaces, and these take a third of the
# time to make.
class Live(NamedTuple):
    """A live workspace, as far as planning reads it: the first PLANNED fields, which a fingerprint covers, and
    `made`, its moment as text that sorts by time, which never changes. `status` and `tier` are carried along for the
    answer only.

    `template` is the name of the template that declared it, `declared_digest` that of what it said last
    (`Node.digest`), both "" if it was made by hand. `differs` is not "" if the workspace is not so.
    """

    id: UUID
    parent_id: UUID | None
    name: str
    protected: bool = False
    template: str = ""
    declared_digest: str = ""
    differs: str = ""
    status: str = "online"
    tier: int = 2
    made: str = ""

    @property
    def created_at(self) -> datetime:
        made = datetime.fromisoformat(self.made)
        return made if made.tzinfo else made.replace(tzinfo=UTC)  # SQLite writes no offset


class Row(NamedTuple):
    """One workspace of the merged tree. `node` is set if the template has it, `live` if it exists.

    `parent` is the index of the parent's row in `Plan.rows`; `twin` is the template's place for the same name, `holder`
    the protected workspace that keeps this one. `before` are the names from the root as they are now, `along` the name
    of the nearest one above that moves. Of a matched one, `rule` says why it is the node, `diff` what an update does,
    and `differs` whether it is then not what the template says. Of one that the template does not name, `why` says
    whose it is. Of an undo, `note` is the cause, `obstacle` what of it cannot be taken back, and why; `lacks_parent`:
    the workspace above its place is gone, or would go; `data_lost`: it comes back empty.
    """

    action: Action
    trail: tuple[str, ...]
    parent: int | None = None
    node: Node | None = None
    live: Live | None = None
    reason: Reason | None = None
    twin: tuple[str, ...] | None = None
    holder: tuple[str, ...] | None = None
    before: tuple[str, ...] | None = None
    rule: Rule | None = None
    diff: FieldDiff | None = None
    differs: bool = False
    along: str = ""
    why: Whose | None = None
    note: str = ""
    obstacle: str = ""
    lacks_parent: bool = False
    data_lost: bool = False

    @property
    def cause(self) -> str:
        """The reason for its action, in words: as shown in the preview, the history and the events."""
        if self.note:
            return self.note
        if self.action is Action.HELD and self.holder:
            itself = self.live and self.live.protected
            return "protected" if itself else f"above {SEPARATOR.join(self.holder)}, which is protected"
        if direct := CAUSES_OF_A_DIRECT_REMOVAL.get(self.reason):
            return direct
        if self.action in (Action.LEFT_RUNNING, Action.REMOVE):
            return self._leftover()
        if self.action in (Action.CREATE, Action.COLLATERAL):
            return CAUSES[self.action]
        said = [
            self._declared_by() if self.action is Action.UNTOUCHED else "",
            self._origin() if self.action is Action.MOVE else f"comes along with {self.along}" if self.along else "",
            *(_about(self.diff) if self.diff else ["differs, left as it is"] if self.differs else []),
        ]
        return "; ".join(filter(None, said)) or CAUSES[self.action]

    def _origin(self) -> str:
        before = self.before or self.trail
        path = SEPARATOR.join(before)
        if fold_spaces(before[-1]) != self.name:
            return f"was {path}"
        if self.rule is Rule.OLDER:
            return f"from {path}, the older one"
        return f"from below the younger {SEPARATOR.join(before[:-1])}" if self.rule is Rule.IN_PLACE else f"from {path}"

    def _leftover(self) -> str:
        if self.reason is Reason.SUPERSEDED:
            return "younger than the one that takes its place"
        if self.reason is Reason.RETIRED:
            return self._declared_by()
        return f"same name as {SEPARATOR.join(self.twin)}" if self.twin else ASLEEP

    def _declared_by(self) -> str:
        """Of one that the template does not name."""
        template = self.live.template if self.live else ""
        return _WHOSE.get(self.why, "not in the template").format(template=template)

    @property
    def name(self) -> str:
        return self.trail[-1]

    @property
    def path(self) -> str:
        return SEPARATOR.join(self.trail)

    @property
    def depth(self) -> int:
        return len(self.trail) - 1
