"""Operations as a run keeps them, in the order of its plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from lib.staged_rows import Rows
from workspaces.core.planning.operations import Operation, Place
from workspaces.core.planning.plan_values import Plan
from workspaces.models import RunOperation

FIELDS = ("seq", "kind", "workspace_id", "name", "path", "cause", "reason", "before", "after")


def operation_rows(plan: Plan, *, created: Mapping[int, UUID]) -> Rows:
    """The rows of the plan's operations, to be inserted with their run. `created`: row of the plan → new id."""
    return Rows(RunOperation, FIELDS, _rows(plan.operations, created))


def _rows(operations: Iterable[Operation], created: Mapping[int, UUID]) -> Iterator[tuple[Any, ...]]:
    for seq, (kind, row, workspace, before, after, cause, reason) in enumerate(operations, start=1):
        place = after or before
        path = place.trail if place else ()
        yield (
            seq, kind, workspace or created[row], path[-1], path, cause, reason,
            _as_json(before, created), _as_json(after, created),
        )  # fmt: skip


def _as_json(place: Place | None, created: Mapping[int, UUID]) -> dict[str, str | None] | None:
    if place is None:
        return None
    parent = created[place.parent] if isinstance(place.parent, int) else place.parent
    return {"parent_id": str(parent) if parent else None, "name": place.trail[-1]}
