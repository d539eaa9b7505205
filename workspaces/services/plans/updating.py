"""Updates: fields and schedules of live workspaces as the template says them, and what it said, set-based."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from audit.event_types import WORKSPACE_UPDATED
from lib.bulk import insert_rows
from lib.bulk_update import update_rows
from workspaces.access import Actor
from workspaces.core.planning.field_diff import FieldDiff
from workspaces.core.planning.plan_values import Kind, Plan
from workspaces.core.template import TIMED
from workspaces.models import ImportRun, Schedule, Workspace
from workspaces.services.plans.contents import COLUMNS
from workspaces.services.reasons import Reasons, with_reason
from workspaces.services.workspace_events import record_change

SAID = ("declared", "declared_digest", "differs", "template")
SCHEDULE = "schedules."


class Changed(NamedTuple):
    id: UUID
    diff: FieldDiff


def update(plan: Plan, *, now: datetime) -> None:
    """Write the fields that the plan changes, and what the template said. Six statements at most."""
    changed = [each for each in _compared(plan) if each.diff.changes]
    parts = {change["field"].partition(".")[0] for each in changed for change in each.diff.changes}
    columns = tuple(name for name in COLUMNS if name in parts)
    rows = ((each.id, *_fields(each, columns), *_said(each.diff)) for each in changed)
    update_rows(Workspace, (*columns, *SAID), rows, same={"updated_at": now})
    _update_schedules([each for each in changed if _timed(each)], now=now)


def note_what_was_said(plan: Plan) -> None:
    """Keep what the template said last about each other workspace that was compared, and whether it is not so."""
    rows = ((row.live.id, *_said(row.diff)) for row in plan.noted if row.live and row.diff and not row.diff.changes)
    update_rows(Workspace, SAID, rows)


def record_updates(plan: Plan, *, run: ImportRun, actor: Actor, now: datetime) -> None:
    """History and an event for each that changes where it is; one that moves tells of its changes itself."""
    updated = [each for each in plan.operations if each.kind is Kind.UPDATE]
    why = Reasons(
        [each.workspace for each in updated if each.workspace],
        [with_reason(each.cause, run.reason) for each in updated],
        paths=[plan.path_texts[each.row] for each in updated],
        facts=[_facts(each.diff) for each in updated if each.diff],
    )
    record_change(WORKSPACE_UPDATED, why, history="~", actor=actor, now=now, import_id=run.pk)


def _facts(diff: FieldDiff) -> dict[str, Any]:
    left = [*diff.drift, *diff.conflicts]
    return {"changes": list(diff.changes), "restarts": diff.restarts, "drift_left": left}


def _compared(plan: Plan) -> Iterator[Changed]:
    for row in plan.rows:
        if row.live and row.diff:
            yield Changed(row.live.id, row.diff)


def _fields(each: Changed, columns: Sequence[str]) -> list[Any]:
    live = each.diff.live
    return [live[name] or None if name == "files" else live[name] for name in columns]


def _said(diff: FieldDiff) -> tuple[Any, ...]:
    return diff.declared, diff.declared_digest, str(diff.differs), diff.template


# ---- Schedules: those of the template, by name. What people made is in no difference.


def _timed(each: Changed) -> list[Mapping[str, Any]]:
    return [change for change in each.diff.changes if change["field"].startswith(SCHEDULE)]


def _update_schedules(changed: Sequence[Changed], *, now: datetime) -> None:
    if not changed:
        return
    kept = Schedule.objects.filter(workspace__one_of=[each.id for each in changed], source=Schedule.Source.TEMPLATE)
    keys = {(workspace, name): key for key, workspace, name in kept.values_list("pk", "workspace", "name")}
    gone: list[int] = []
    new: list[tuple[Any, ...]] = []
    other: list[tuple[Any, ...]] = []
    for each in changed:
        for change in _timed(each):
            name, to = change["field"].removeprefix(SCHEDULE), change["to"]
            key = keys.get((each.id, name))
            values = tuple(to[field] for field in TIMED) if to else ()
            if to is None and key is not None:
                gone.append(key)
            elif key is None:
                new.append((each.id, name, *values))
            else:
                other.append((key, *values))
    if gone:
        Schedule.objects.filter(pk__one_of=gone).delete()
    update_rows(Schedule, TIMED, other, same={"updated_at": now})
    made = {"source": Schedule.Source.TEMPLATE, "created_at": now, "updated_at": now}
    insert_rows(Schedule, ("workspace", "name", *TIMED), new, same=made)
