"""Restores: removed workspaces live again under their ids, set-based. The one way back; the worker does the rest.

Their old tokens stay revoked: a new container gets a new one. Schedules that the removal disabled are enabled again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, F, QuerySet, Value, When

from audit.event_types import WORKSPACE_ONLINE, WORKSPACE_RESTORED
from lib.bulk import Ids
from workspaces.access import Actor
from workspaces.core.containers.lifecycle import Desired
from workspaces.core.planning.plan_values import Kind, Plan
from workspaces.models import Container, ImportRun, Schedule, Status, Workspace
from workspaces.services.containers.desired_state import engine_runs, want_running
from workspaces.services.reasons import Reasons, with_reason
from workspaces.services.workspace_events import emit_for_each, record_change

STATUS = Case(When(external=True, then=Value(Status.ONLINE)), default=Value(Status.PROVISIONING))


def restore(plan: Plan, *, run: ImportRun, actor: Actor, now: datetime) -> None:
    """Bring the plan's restored rows back, in the caller's transaction under the organization's lock."""
    coming = [each for each in plan.operations if each.kind is Kind.RESTORE and each.workspace]
    if not coming:
        return
    rows_of = {each.workspace: each.row for each in coming if each.workspace}
    ids = Ids(rows_of)
    rows = Workspace.objects.filter(id__one_of=ids)
    removers = dict(rows.order_by().values_list("pk", "removed_by"))
    rows.update(status=STATUS if engine_runs() else Status.ONLINE, removed_at=None, removed_by=None, updated_at=now)
    disabled = Schedule.objects.filter(workspace__one_of=ids, removed_by__isnull=False)
    disabled.update(enabled=True, removed_by=None, updated_at=now)
    alone = _bring_containers(rows, ids, run=run, now=now)
    paths = {key: plan.path_texts[row] for key, row in rows_of.items()}
    facts: dict[str, Any] = {"actor": actor, "now": now, "import_id": run.pk}
    why = Reasons(
        ids,
        [with_reason(each.cause, run.reason) for each in coming],
        paths=paths.values(),
        facts=[_facts(removers[key], lost=plan.rows[row].data_lost) for key, row in rows_of.items()],
    )
    record_change(WORKSPACE_RESTORED, why, history="~", **facts)
    if alone:
        online = Reasons(alone, "no container to wait for", paths=[paths[key] for key in alone])
        emit_for_each(WORKSPACE_ONLINE, online, **facts)


def _facts(remover: UUID | None, *, lost: bool) -> dict[str, Any]:
    return {"removed_by": str(remover) if remover else None, "data_lost": lost}


def _bring_containers(rows: QuerySet[Workspace], ids: Ids, *, run: ImportRun, now: datetime) -> list[UUID]:
    """Want a container for each that has one, on the volumes that are there; return the ids of the others.

    Without an engine none is made; but one that was made before is wanted again, so that nothing purges its volumes.
    """
    external = set(rows.filter(external=True).values_list("pk", flat=True))
    kept = Container.objects.filter(workspace__one_of=ids)
    known = set(kept.values_list("pk", flat=True))
    kept.filter(workspace__one_of=list(known - external)).update(
        desired=Desired.RUNNING, keep_volumes=False, purge_at=None, purged_at=None, released_at=None,
        generation=F("generation") + 1, import_id=run.pk, due_at=now, asked_at=None, attempts=0, losses=0,
        last_error="", changed_at=now,
    )  # fmt: skip
    # What an external one's container had is kept, as when it became external.
    kept.filter(workspace__one_of=list(known & external), purged_at=None).update(keep_volumes=True, purge_at=None)
    if not engine_runs():
        return list(ids)
    new = Ids(key for key in ids if key not in known | external)
    want_running(new, organization=run.organization_id, import_id=run.pk, now=now)
    return [key for key in ids if key in external]
