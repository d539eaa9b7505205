"""Operations: what a plan changes, as data. One vocabulary for imports, removals and what is to come (move, undo)."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


class Kind(StrEnum):
    """What happens to one workspace."""

    CREATE = "create"
    REMOVE = "remove"


class Place(NamedTuple):
    """Where a workspace stands: its parent, and the names from the root, its own last.

    `parent` is an id, or, where the parent is created by the same plan, the index of that parent's row; None for roots.
    """

    parent: UUID | int | None
    trail: tuple[str, ...]


class Operation(NamedTuple):
    """One change of one workspace: where it stood before, where it stands afterwards (None: nowhere), and the cause.

    `row` is the index of its row in `Plan.rows`, `workspace` its id, None for one that is still to be created.
    """

    kind: Kind
    row: int
    workspace: UUID | None
    before: Place | None
    after: Place | None
    cause: str
    reason: str
