"""The operations of a run, turned round: what comes back, moves back and goes, and what is in the way at once. Pure."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from workspaces.core.containers.data_policy import DataFate
from workspaces.core.planning.match_sides import TOP
from workspaces.core.planning.operations import Kind
from workspaces.core.planning.plan_rows import Live, Reason
from workspaces.core.planning.undo_facts import DoneOperation, PastFacts, PastRow
from workspaces.core.planning.undo_places import UndoPlaces
from workspaces.core.planning.undo_words import BACK_ALREADY, GOING_DATA, MOVED_SINCE, REMOVED_AGAIN, REMOVED_SINCE

UNMAKING = {Kind.CREATE: Reason.CREATED, Kind.RESTORE: Reason.RESTORED}


def spot_of(parent: UUID | None, name: str) -> tuple[int, str]:
    """A place as numbers: UUIDs are slow to compare."""
    return (parent.int if parent else TOP), name


class UndoSteps:
    """By number the places to come back and to move back to, what goes and why, and what is in the way."""

    def __init__(self, past: PastFacts, have: Collection[Live]) -> None:
        self.live = {row.id.int: row for row in have}
        self.removed = {key.int: row for key, row in past.removed.items()}
        self.done = {each.workspace.int: each for each in past.done}
        self.restoring: dict[int, tuple[int, str]] = {}
        self.moving: dict[int, tuple[int, str]] = {}
        self.removing: dict[int, Reason] = {}
        self.obstacles: dict[int, str] = {}
        self._again = past.again
        for key, each in self.done.items():
            self._turn(key, each)
        self.way = UndoPlaces(have, restoring=self.restoring, moving=self.moving, removing=self.removing)

    def is_shown(self, key: int) -> bool:
        """Whether there is something to say of a removed one."""
        return key in self.restoring or key in self.obstacles

    def _turn(self, key: int, each: DoneOperation) -> None:
        live = self.live.get(key)
        if each.kind is Kind.REMOVE:
            self._restore(key, each, self.removed.get(key), is_live=live is not None)
        elif each.kind in UNMAKING:
            if live:
                self.removing[key] = UNMAKING[each.kind]
        elif live is None:
            self.obstacles[key] = REMOVED_SINCE
        elif each.kind is Kind.MOVE and each.before and each.after:
            now = spot_of(live.parent_id, live.name)
            back = spot_of(each.before.parent_id, each.before.name)
            if now == spot_of(each.after.parent_id, each.after.name):
                self.moving[key] = back
            elif now != back:
                self.obstacles[key] = MOVED_SINCE

    def _restore(self, key: int, each: DoneOperation, row: PastRow | None, *, is_live: bool) -> None:
        if is_live or row is None:
            self.obstacles[key] = BACK_ALREADY
        elif row.removed_by != each.run and row.removed_by not in self._again:
            self.obstacles[key] = REMOVED_AGAIN
        elif row.data is DataFate.GOES:
            self.obstacles[key] = GOING_DATA
        else:
            self.restoring[key] = spot_of(row.parent_id, row.name)
