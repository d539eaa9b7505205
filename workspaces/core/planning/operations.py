"""Operations: the changes of a plan as data. One vocabulary for imports, removals and later kinds (move, undo)."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


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
