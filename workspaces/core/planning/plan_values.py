"""The parts of a plan: frozen values. Its rows are what people see, its operations what is carried out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from workspaces.core.names import SEPARATOR as SEPARATOR
from workspaces.core.template import Node, Template


class Mode(StrEnum):
    """The purpose of a plan. `merge` adds missing ones; `reconcile` then also removes leftovers that carry a declared
    name; `remove` removes chosen workspaces with all below them."""

    MERGE = "merge"
    RECONCILE = "reconcile"
    REMOVE = "remove"


IMPORT_MODES = (Mode.MERGE, Mode.RECONCILE)


class Action(StrEnum):
    """A plan's action on one workspace."""

    CREATE = "create"
    KEEP = "keep"
    LEFT_RUNNING = "left running"
    REMOVE = "remove"
    COLLATERAL = "collateral"
    HELD = "held"
    UNTOUCHED = "untouched"


REMOVING = (Action.REMOVE, Action.COLLATERAL)  # no set: to hash a member takes longer than to look at both


class Reason(StrEnum):
    """The rule by which a live row may go, as in REST answers: a leftover has one even where nothing removes it.
    The last two are those of a direct removal."""

    ZOMBIE = "zombie"
    NOT_SPAWNING = "not_spawning"
    COLLATERAL = "collateral"
    CHOSEN = "chosen"
    BELOW = "below"


CAUSES = {
    Action.CREATE: "not live yet",
    Action.KEEP: "live at the same place",
    Action.UNTOUCHED: "not in the template",
    Action.COLLATERAL: "below a removed workspace, not in the template",
}
CAUSES_OF_A_DIRECT_REMOVAL: dict[Reason | None, str] = {
    Reason.CHOSEN: "deleted",
    Reason.BELOW: "below a removed workspace",
}
ASLEEP = "in the template only under spawning: false"

_in_json = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps() would build an encoder for each value


PLANNED = 4


# Tuples with names, not dataclasses: a plan is made of as many as there are workspaces, and these take a third of the
# time to make.
class Live(NamedTuple):
    """A live workspace, as far as planning reads it: the first PLANNED fields, which a fingerprint covers. `status` and
    `tier` are carried along for the answer only."""

    id: UUID
    parent_id: UUID | None
    name: str
    protected: bool = False
    status: str = "online"
    tier: int = 2


class Row(NamedTuple):
    """One workspace of the merged tree. `node` is set if the template has it, `live` if it exists.

    `parent` is the index of the parent's row in `Plan.rows`; `twin` is the template's place for the same name, `holder`
    the protected workspace that keeps this one.
    """

    action: Action
    trail: tuple[str, ...]
    parent: int | None = None
    node: Node | None = None
    live: Live | None = None
    reason: Reason | None = None
    twin: tuple[str, ...] | None = None
    holder: tuple[str, ...] | None = None

    @property
    def cause(self) -> str:
        """Why this happens to it, in words: as shown in the preview, the history and the events."""
        if self.action is Action.HELD and self.holder:
            itself = self.live and self.live.protected
            return "protected" if itself else f"above {SEPARATOR.join(self.holder)}, which is protected"
        if direct := CAUSES_OF_A_DIRECT_REMOVAL.get(self.reason):
            return direct
        if self.action in (Action.LEFT_RUNNING, Action.REMOVE):
            return f"same name as {SEPARATOR.join(self.twin)}" if self.twin else ASLEEP
        return CAUSES[self.action]

    @property
    def name(self) -> str:
        return self.trail[-1]

    @property
    def path(self) -> str:
        return SEPARATOR.join(self.trail)

    @property
    def depth(self) -> int:
        return len(self.trail) - 1


# ---- Operations: the changes of a plan as data, in one vocabulary for imports and removals.


class Kind(StrEnum):
    """The kind of a change."""

    CREATE = "create"
    REMOVE = "remove"


class Place(NamedTuple):
    """The place of a workspace: its parent, and the names from the root, its own last.

    `parent` is an id, or, if the same plan creates the parent, the index of that parent's row; None for roots.
    """

    parent: UUID | int | None
    trail: tuple[str, ...]

    @property
    def path_text(self) -> str:
        """The names as a JSON list, as events have them."""
        return _path_text(self.trail)


def _path_text(trail: tuple[str, ...], *, above: str = "") -> str:
    """`above` is the text of the place above, if it is known: then only the last name is left to write."""
    return f"{above[:-1]}, {_in_json(trail[-1])}]" if above else _in_json(list(trail))


class Operation(NamedTuple):
    """One change of one workspace: its place before, its place afterwards (None: nowhere), and the cause.

    `row` is the index of its row in `Plan.rows`, `workspace` its id, None for one that is still to be created.
    """

    kind: Kind
    row: int
    workspace: UUID | None
    before: Place | None
    after: Place | None
    cause: str
    reason: str


# ---- The plan itself.


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The effect of one import or removal. Rows stand in tree order; of siblings those that the template names come
    first, then all other live ones by name."""

    mode: Mode
    template: Template
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    fingerprint: str

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """The changes to carry out, in order: creations, parents first, then removals."""
        created = (
            Operation(Kind.CREATE, index, None, None, self._place(row), row.cause, "")
            for index, row in enumerate(self.rows)
            if row.action is Action.CREATE
        )
        removed = (
            Operation(Kind.REMOVE, index, row.live.id, self._place(row), None, row.cause, str(row.reason))
            for index, row in enumerate(self.rows)
            if row.action in REMOVING and row.live
        )
        return (*created, *removed)

    @cached_property
    def path_texts(self) -> Mapping[int, str]:
        """Row of each operation → its path as a JSON list (`Place.path_text`)."""
        texts: dict[int, str] = {}
        for each in self.operations:
            row = self.rows[each.row]
            above = "" if row.parent is None else texts.get(row.parent, "")
            texts[each.row] = _path_text(row.trail, above=above)
        return texts

    def _place(self, row: Row) -> Place:
        if row.live:
            return Place(row.live.parent_id, row.trail)
        if row.parent is None:
            return Place(None, row.trail)
        above = self.rows[row.parent].live
        return Place(above.id if above else row.parent, row.trail)

    @cached_property
    def result(self) -> tuple[Row, ...]:
        """The result set, in template order: all created and kept rows."""
        return self._with(Action.CREATE, Action.KEEP)

    @cached_property
    def removals(self) -> tuple[Row, ...]:
        """All that would be removed, collateral included."""
        return self._with(*REMOVING)

    @cached_property
    def removal_roots(self) -> tuple[Row, ...]:
        """The topmost removals; everything live below them goes too."""
        gone = {id(row) for row in self.removals}
        return tuple(row for row in self.removals if row.parent is None or id(self.rows[row.parent]) not in gone)

    @cached_property
    def collateral(self) -> tuple[Row, ...]:
        return self._with(Action.COLLATERAL)

    @property
    def protected_removals(self) -> tuple[Row, ...]:
        """Protected rows that the plan removes: only a direct delete plans that, and is then refused."""
        return tuple(row for row in self.removals if row.live and row.live.protected)

    @cached_property
    def held(self) -> tuple[Row, ...]:
        """Rows kept only because they are protected or above a protected one."""
        return self._with(Action.HELD)

    @cached_property
    def left_running(self) -> tuple[Row, ...]:
        """Live rows that the plan leaves although the template has their name elsewhere, held ones among them."""
        return tuple(row for row in self._with(Action.LEFT_RUNNING, Action.HELD) if row.reason is not Reason.COLLATERAL)

    @cached_property
    def created_count(self) -> int:
        return len(self._with(Action.CREATE))

    @property
    def skipped_count(self) -> int:
        return len(self.result) - self.created_count

    @cached_property
    def live_before(self) -> int:
        return sum(1 for row in self.rows if row.live)

    @property
    def live_after(self) -> int:
        return self.live_before + self.created_count - len(self.removals)

    @property
    def untouched_count(self) -> int:
        """Live rows the template does not name and nothing removes."""
        return self.live_after - len(self.result) - len(self.left_running)

    @property
    def changes_nothing(self) -> bool:
        return not self.created_count and not self.removals

    def _with(self, *actions: Action) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.action in actions)
