"""The operations of a plan: its changes as data, in one vocabulary for imports and removals."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from workspaces.core.planning.field_diff import FieldDiff
from workspaces.core.planning.plan_rows import REMOVING, Action, Row

# As lib.bulk: no encoder for each value.
_in_json = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


class Kind(StrEnum):
    """The kind of a change."""

    CREATE = "create"
    MOVE = "move"
    UPDATE = "update"
    REMOVE = "remove"
    RESTORE = "restore"


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

    `row` is the index of its row in `Plan.rows`, `workspace` its id, None for one that is still to be created. `diff`,
    of an update or a move, has the fields that change with it.
    """

    kind: Kind
    row: int
    workspace: UUID | None
    before: Place | None
    after: Place | None
    cause: str
    reason: str
    diff: FieldDiff | None = None


def operations_of(rows: Sequence[Row]) -> Iterator[Operation]:
    """In the order in which people read them: what comes back or is created, parents first, then moves, updates and
    removals."""
    for kind, actions in _KINDS.items():
        for index, row in enumerate(rows):
            if row.action in actions:
                yield _operation(kind, index, row, rows)


def path_texts_of(operations: Sequence[Operation], rows: Sequence[Row]) -> dict[int, str]:
    """Row of each operation → its path as a JSON list: afterwards, or, of one that goes, before."""
    texts: dict[int, str] = {}
    gone: set[int] = set()
    for each in operations:
        row = rows[each.row]
        place = each.after or each.before
        if each.after is None:
            gone.add(each.row)
        known = row.parent is not None and (row.parent in gone) == (each.row in gone)
        above = texts.get(row.parent, "") if known and row.parent is not None else ""
        texts[each.row] = _path_text(place.trail if place else row.trail, above=above)
    return texts


_KINDS = {
    Kind.RESTORE: (Action.RESTORE,),
    Kind.CREATE: (Action.CREATE,),
    Kind.MOVE: (Action.MOVE,),
    Kind.UPDATE: (Action.UPDATE,),
    Kind.REMOVE: REMOVING,
}


def _operation(kind: Kind, index: int, row: Row, rows: Sequence[Row]) -> Operation:
    stood = row.live if kind is not Kind.RESTORE else None
    before = Place(stood.parent_id, row.before or row.trail) if stood else None
    after = None if kind is Kind.REMOVE else Place(_parent(row, rows), row.trail)
    reason = str(row.reason) if kind is Kind.REMOVE else ""
    return Operation(kind, index, row.live.id if row.live else None, before, after, row.cause, reason, row.diff)


def _parent(row: Row, rows: Sequence[Row]) -> UUID | int | None:
    if row.parent is None:
        return None
    above = rows[row.parent].live
    return above.id if above else row.parent
