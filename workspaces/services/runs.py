"""The record of an import: opened before its transaction, closed exactly once, also when its process was killed."""

from __future__ import annotations

import logging
import os
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from audit.emitting import Event, emit
from workspaces.core.plan import Mode, Plan
from workspaces.errors import Interrupted
from workspaces.models import ImportRun, Organization
from workspaces.services.actors import SYSTEM, Actor
from workspaces.services.sources import LoadedTemplate

logger = logging.getLogger(__name__)

# How long a run whose process cannot be asked (another host) may stand open before it counts as abandoned.
UNKNOWN_OWNER_GRACE = timedelta(seconds=30)

# An event names so many of the workspaces that an import left running; it counts them all.
NAMED_LEFT_RUNNING = 1_000


def open_run(organization: Organization, loaded: LoadedTemplate, *, mode: Mode, actor: Actor, reason: str) -> ImportRun:
    """Record that an import begins, and say so: both survive whatever happens to the import's transaction."""
    template = loaded.template
    with transaction.atomic():
        run = ImportRun.objects.create(
            id=uuid4(),
            organization=organization,
            mode=mode,
            template_name=template.name,
            template_sha256=loaded.sha256,
            template_header=template.header,
            source=loaded.source,
            reason=reason,
            actor=actor.name,
            user_id=actor.user_id,
            owner=this_process(),
            started_at=timezone.now(),
        )
        payload = {"name": template.name, "dir": loaded.source, "mode": mode, "reason": reason}
        _emit(run, "org.import.started", actor=actor.name, payload=payload)
    return run


def claim_run(run: ImportRun) -> None:
    """Under the organization's lock: still ours? Raises Interrupted when somebody closed the run meanwhile."""
    if not ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.RUNNING).update(owner=run.owner):
        raise Interrupted("This import was closed as interrupted before it began. Nothing was changed; import again.")


def complete_run(run: ImportRun, plan: Plan) -> None:
    """Close the run as completed, inside the import's transaction: it says completed if and only if that commits."""
    errors = [{"id": str(row.live.id), "name": row.name, "error": row.cause} for row in plan.held if row.live]
    run.state = ImportRun.State.COMPLETED
    run.finished_at = timezone.now()
    run.fingerprint = plan.fingerprint
    run.created_count, run.skipped_count = plan.created_count, plan.skipped_count
    run.removed_count, run.left_running_count = len(plan.removals), len(plan.left_running)
    run.live_before, run.live_after = plan.live_before, plan.live_after
    run.reconcile_errors, run.warnings = errors, list(plan.warnings)
    run.save(force_update=True)
    left_running = [str(row.live.id) for row in plan.left_running[:NAMED_LEFT_RUNNING] if row.live]
    outcome = {**_outcome(run), "collateral_count": len(plan.collateral), "left_running": left_running}
    _emit(run, "org.import.completed", actor=run.actor, payload=outcome)


def fail_run(run: ImportRun, error: str, *, actor: str | None = None) -> bool:
    """Close the run as failed if it is still open; True when this call did it. Changes nothing else."""
    run.finished_at, run.state, run.error = timezone.now(), ImportRun.State.FAILED, error
    with transaction.atomic():
        closed = ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.RUNNING).update(
            state=run.state, finished_at=run.finished_at, error=error
        )
        if closed:
            _emit(run, "org.import.failed", actor=actor or run.actor, payload=_outcome(run))
    return bool(closed)


def fail_run_quietly(run: ImportRun, error: BaseException) -> None:
    """Close the run after `error` and never hide that error; if the database refuses, `close_interrupted` mends it."""
    try:
        fail_run(run, str(error) or type(error).__name__)
    except DatabaseError:
        logger.exception("run %s could not be closed; it will be closed as interrupted", run.pk)


def close_interrupted() -> int:
    """Close the runs whose process is gone, as failed with the error "interrupted"; return how many.

    An import commits its changes and its run's end together, so a run still open under a free lock changed nothing.
    """
    open_runs = ImportRun.objects.filter(state=ImportRun.State.RUNNING).select_related("organization")
    return sum(_close_if_abandoned(run) for run in open_runs.order_by("started_at"))


def owner_is_gone(run: ImportRun) -> bool:
    """Whether the process that runs it has ended; of another host's nobody knows, so that is a matter of time."""
    host, process, started = run.owner.rsplit("/", 2)
    if host != socket.gethostname():
        return timezone.now() - run.started_at > UNKNOWN_OWNER_GRACE
    return _start_time(int(process)) != started


def _close_if_abandoned(run: ImportRun) -> bool:
    if not owner_is_gone(run):
        return False
    try:
        with transaction.atomic():
            free = Organization.objects.filter(pk=run.organization_id)
            if connection.features.has_select_for_update_skip_locked:
                free = free.select_for_update(skip_locked=True)
            return bool(free) and fail_run(run, "interrupted", actor=SYSTEM.name)
    except DatabaseError:
        logger.exception("run %s could not be closed; trying again later", run.pk)
        return False


def this_process() -> str:
    """Host, process id and the process's start time: a reused id on a restarted machine is not the same owner."""
    return f"{socket.gethostname()}/{os.getpid()}/{_start_time(os.getpid())}"


def _start_time(process: int) -> str:
    """Clock ticks since boot at which the process began (field 22 of /proc/PID/stat), "" when there is none."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def _outcome(run: ImportRun) -> dict[str, Any]:
    duration = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0.0
    return {
        "name": run.template_name,
        "dir": run.source,
        "mode": run.mode,
        "reason": run.reason,
        "created_count": run.created_count,
        "skipped_count": run.skipped_count,
        "reconcile_removed_count": run.removed_count,
        "left_running_count": run.left_running_count,
        "live_before": run.live_before,
        "live_after": run.live_after,
        "reconcile_errors": run.reconcile_errors,
        "warnings_count": len(run.warnings),
        "template_sha256": run.template_sha256,
        "duration_ms": round(duration * 1000),
        "error": run.error,
    }


def _emit(run: ImportRun, event_type: str, *, actor: str, payload: dict[str, Any]) -> None:
    event = Event(
        event_type=event_type,
        organization=run.organization.slug,
        actor=actor,
        import_id=run.pk,
        payload=payload,
    )
    emit([event])
