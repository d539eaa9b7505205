"""The ONE teardown: every removal of workspaces comes through here, in its transaction and under its lock."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from audit.event_types import WORKSPACE_RELEASED, WORKSPACE_REMOVED
from workspaces.core.planning.operations import Kind, Operation
from workspaces.core.planning.plan_values import Plan, Reason
from workspaces.models import ImportRun, Schedule, Status, Workspace, WorkspaceToken
from workspaces.services.actors import Actor
from workspaces.services.causes import Reasons
from workspaces.services.containers.desired_state import want_absent
from workspaces.services.paths import path_text
from workspaces.services.workspace_events import emit_for_each, record_change


def tear_down(plan: Plan, *, run: ImportRun, actor: Actor, keep_volumes: bool = False, now: datetime) -> None:
    """Carry out the plan's removals: rows first, so that nothing brings them back, then their resources."""
    going = [each for each in plan.operations if each.kind is Kind.REMOVE]
    if not going:
        return
    why = Reasons(
        (each.workspace for each in going if each.workspace),
        (_why(each, run.reason) for each in going),
        paths=(path_text(each.before.trail) for each in going if each.before),
    )
    _mark_removed(why.ids, run=run, now=now)
    containers = want_absent(why.ids, keep_volumes=keep_volumes, import_id=run.pk, now=now)
    facts: dict[str, Any] = {"actor": actor, "now": now, "import_id": run.pk, "keep_volumes": keep_volumes}
    record_change(WORKSPACE_REMOVED, why, history="~", **facts, mode=str(plan.mode))
    if containers < len(why):
        alone = Reasons(why.ids, "no container to release", paths=why.paths)
        emit_for_each(WORKSPACE_RELEASED, alone, containerless=True, **facts)


def _why(operation: Operation, reason: str) -> str:
    """The rule that removes a workspace, then the caller's reason; for a chosen one the reason alone."""
    if operation.reason == Reason.CHOSEN:
        return reason or operation.cause
    return f"{operation.cause}: {reason}" if reason else operation.cause


def _mark_removed(ids: Collection[UUID], *, run: ImportRun, now: datetime) -> None:
    """The race guard first: from this UPDATE on no heartbeat brings a row back. Then the rows' resources."""
    Workspace.objects.filter(id__one_of=ids).update(status=Status.REMOVED, removed_at=now, updated_at=now)
    tokens = WorkspaceToken.objects.filter(workspace__one_of=ids, revoked_at=None)
    tokens.update(revoked_at=now, removed_by=run.pk)
    schedules = Schedule.objects.filter(workspace__one_of=ids, enabled=True)
    schedules.update(enabled=False, updated_at=now, removed_by=run.pk)
