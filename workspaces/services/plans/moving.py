"""Moves: other parents and names for live workspaces, set-based. No container is asked for anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import CharField
from django.db.models.functions import Cast

from audit.event_types import WORKSPACE_MOVED
from lib.bulk_update import update_rows
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Kind, Operation, Plan
from workspaces.models import ImportRun, Workspace
from workspaces.services.reasons import Reasons, with_reason
from workspaces.services.workspace_events import record_change


def make_way(plan: Plan) -> None:
    """Take the names from workspaces whose place another one is about to get; `move` gives them new ones.

    The database checks a place after each row. Until the transaction ends nobody sees the names in between: the ids.
    """
    wanted = set(_places(plan))
    standing = [
        each
        for each in _moving(plan)
        if each.before and (row := plan.rows[each.row]).live and (each.before.parent, row.live.name) in wanted
    ]
    if standing:
        rows = Workspace.objects.filter(id__one_of=[each.workspace for each in standing])
        rows.update(name=Cast("id", CharField()))


def move(plan: Plan, *, created: Mapping[int, UUID], now: datetime) -> None:
    """Give each its new place; `created`: row of the plan → id of a parent that the same plan creates."""
    update_rows(Workspace, ("parent", "name"), _new_places(plan, created), same={"updated_at": now})


def record_moves(plan: Plan, *, created: Mapping[int, UUID], run: ImportRun, actor: Actor, now: datetime) -> None:
    """History and an event for each, once the rows are as they will be."""
    moving = _moving(plan)
    why = Reasons(
        [each.workspace for each in moving if each.workspace],
        [with_reason(each.cause, run.reason) for each in moving],
        paths=[plan.path_texts[each.row] for each in moving],
        facts=[_ends(each, created) for each in moving],
    )
    record_change(WORKSPACE_MOVED, why, history="~", actor=actor, now=now, import_id=run.pk)


def _ends(each: Operation, created: Mapping[int, UUID]) -> dict[str, Any]:
    """Its place before and afterwards, and what changed in it."""
    if each.before is None or each.after is None:
        return {}
    return {
        "from": list(each.before.trail),
        "to": list(each.after.trail),
        "from_parent_id": _id_text(each.before.parent, created),
        "to_parent_id": _id_text(each.after.parent, created),
        "changes": list(each.diff.changes) if each.diff else [],
        "restarts": bool(each.diff and each.diff.restarts),
    }


def _id_text(parent: UUID | int | None, created: Mapping[int, UUID]) -> str | None:
    key = created[parent] if isinstance(parent, int) else parent
    return str(key) if key else None


def _moving(plan: Plan) -> Sequence[Operation]:
    return [each for each in plan.operations if each.kind is Kind.MOVE]


def _places(plan: Plan) -> Iterator[tuple[UUID | int | None, str]]:
    """The places that will be somebody's."""
    for each in plan.operations:
        if each.after and each.kind in (Kind.CREATE, Kind.MOVE, Kind.RESTORE):
            yield each.after.parent, each.after.trail[-1]


def _new_places(plan: Plan, created: Mapping[int, UUID]) -> Iterator[tuple[UUID | None, UUID | None, str]]:
    for each in _moving(plan):
        if each.after:
            parent = each.after.parent
            yield each.workspace, created[parent] if isinstance(parent, int) else parent, each.after.trail[-1]
