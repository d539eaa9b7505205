"""The record of an import: opened before its transaction, closed exactly once, also when its process was killed."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import connection, transaction

from audit.emitting import Event, emit
from lib.database_clock import database_now
from lib.database_errors import AWAY, trouble_of
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.core.planning.render import errors_of
from workspaces.errors import Interrupted, Refusal
from workspaces.models import ImportRun, Organization
from workspaces.services.actors import SYSTEM, Actor
from workspaces.services.templates.loader import LoadedTemplate

logger = logging.getLogger(__name__)

# The runs this process is working on. One that is open and not among them was given up: its end could not be written.
_at_work: set[UUID] = set()

# A run whose process cannot be asked (it ran on another host) counts as abandoned when it has stood open for longer
# than it may wait for its lock, and so many seconds more.
GRACE = 10
DEAD = "ZX"

# An event names so many of the workspaces that an import left running; it counts them all.
NAMED_LEFT_RUNNING = 1_000


@contextmanager
def new_run(
    organization: Organization, loaded: LoadedTemplate, *, mode: Mode, actor: Actor, reason: str
) -> Iterator[ImportRun]:
    """Open a run and be at work on it: from before anybody can see it, so that nobody takes it for given up."""
    key = uuid4()
    _at_work.add(key)
    try:
        run = open_run(organization, loaded, mode=mode, actor=actor, reason=reason, key=key)
        with at_work(run):
            yield run
    finally:
        _at_work.discard(key)


def open_run(
    organization: Organization,
    loaded: LoadedTemplate,
    *,
    mode: Mode,
    actor: Actor,
    reason: str,
    key: UUID | None = None,
) -> ImportRun:
    """Record that an import begins, and say so: both survive whatever happens to the import's transaction."""
    template = loaded.template
    with transaction.atomic():
        run = ImportRun.objects.create(
            id=key or uuid4(),
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
            started_at=database_now(),
        )
        payload = {"name": template.name, "dir": loaded.source, "mode": mode, "reason": reason}
        _emit(run, "org.import.started", actor=actor.name, payload=payload)
    return run


@contextmanager
def at_work(run: ImportRun) -> Iterator[None]:
    """While this lasts the run is nobody else's to close; what is raised in it closes the run as refused or failed."""
    _at_work.add(run.pk)
    try:
        yield
    except BaseException as error:
        _fail_quietly(run, error)
        raise
    finally:
        _at_work.discard(run.pk)


def claim_run(run: ImportRun) -> None:
    """Under the organization's lock: still ours? Raises Interrupted when somebody closed the run meanwhile."""
    if not ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.RUNNING).update(owner=run.owner):
        raise Interrupted("This import was closed as interrupted before it began. Nothing was changed; import again.")


def complete_run(run: ImportRun, plan: Plan) -> None:
    """Close the run as completed, inside the import's transaction: it says completed if and only if that commits."""
    run.state = ImportRun.State.COMPLETED
    run.finished_at = database_now()
    run.fingerprint = plan.fingerprint
    run.created_count, run.skipped_count = plan.created_count, plan.skipped_count
    run.removed_count, run.left_running_count = len(plan.removals), len(plan.left_running)
    run.live_before, run.live_after = plan.live_before, plan.live_after
    run.reconcile_errors, run.warnings = errors_of(plan), list(plan.warnings)
    run.save(force_update=True)
    if not plan.changes_nothing:
        Organization.objects.filter(pk=run.organization_id).update(last_run=run.pk)
    _emit(run, "org.import.completed", actor=run.actor, payload={**_outcome(run), **_counts(run, plan)})


def fail_run(run: ImportRun, error: str, *, actor: str | None = None, refused: bool = False) -> bool:
    """Close the run as failed (or `refused`: a safety worked) if it is open; True when this call did it.

    Changes nothing else.
    """
    state = ImportRun.State.REFUSED if refused else ImportRun.State.FAILED
    with transaction.atomic():
        run.refresh_from_db()  # what a lost transaction had written into it never happened
        run.finished_at, run.state, run.error = database_now(), state, error
        closed = ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.RUNNING).update(
            state=run.state, finished_at=run.finished_at, error=error
        )
        if closed:
            _emit(run, "org.import.failed", actor=actor or run.actor, payload={**_outcome(run), "refused": refused})
    return bool(closed)


def dismiss_run(run: ImportRun, *, actor: Actor) -> bool:
    """Somebody has seen this failure, so home shows it no longer. True when this call did it; only failures are."""
    with transaction.atomic():
        undismissed = ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.FAILED, dismissed_at=None)
        dismissed = undismissed.update(dismissed_at=database_now(), dismissed_by=actor.name)
        if dismissed:
            payload = {"name": run.template_name, "dir": run.source, "mode": run.mode, "error": run.error}
            _emit(run, "org.run.dismissed", actor=actor.name, payload=payload)
    return bool(dismissed)


def _fail_quietly(run: ImportRun, error: BaseException) -> None:
    """Close the run after `error` and never hide that error; if the database refuses, `close_interrupted` mends it."""
    try:
        fail_run(run, _sentence(error), refused=isinstance(error, Refusal))
    except DatabaseFailure:
        logger.exception("run %s could not be closed; it will be closed as interrupted", run.pk)


def _sentence(error: BaseException) -> str:
    trouble = trouble_of(error)
    if trouble is AWAY:
        return "the database was away or busy"
    return trouble.sentence if trouble else str(error).partition("\n")[0] or type(error).__name__


def close_interrupted() -> int:
    """Close the runs nobody works on any more, as failed with the error "interrupted"; return how many.

    An import commits its changes and its run's end together, so a run still open under a free lock changed nothing.
    """
    open_runs = ImportRun.objects.filter(state=ImportRun.State.RUNNING).select_related("organization")
    return sum(_close_if_abandoned(run) for run in open_runs.order_by("started_at"))


def owner_is_gone(run: ImportRun) -> bool:
    """Whether nobody works on this open run any more; `close_interrupted` will close it."""
    if run.owner == this_process():
        return run.pk not in _at_work
    host, process, started = run.owner.rsplit("/", 2)
    if host == socket.gethostname() and started:
        return _start_time(int(process)) != started
    return database_now() - run.started_at > timedelta(seconds=settings.ORGSITE_LOCK_TIMEOUT + GRACE)


def _close_if_abandoned(run: ImportRun) -> bool:
    if not owner_is_gone(run):
        return False
    try:
        with transaction.atomic():
            free = Organization.objects.filter(pk=run.organization_id)
            if connection.features.has_select_for_update_skip_locked:
                free = free.select_for_update(skip_locked=True)
            return bool(free) and fail_run(run, "interrupted", actor=SYSTEM.name)
    except DatabaseFailure:
        logger.exception("run %s could not be closed; trying again later", run.pk)
        return False


def this_process() -> str:
    """Host, process id and the process's start time: a reused id on a restarted machine is not the same owner."""
    return f"{socket.gethostname()}/{os.getpid()}/{_start_time(os.getpid())}"


def _start_time(process: int) -> str:
    """Clock ticks since boot at which it began (fields 3 and 22 of /proc/PID/stat); "" for none and for a dead one."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in DEAD else fields[19]


def _outcome(run: ImportRun) -> dict[str, Any]:
    """What the end of every import says. A failed one changed nothing, so these counts are known of it as well."""
    duration = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0.0
    return {
        "name": run.template_name,
        "dir": run.source,
        "mode": run.mode,
        "reason": run.reason,
        "created_count": run.created_count,
        "reconcile_removed_count": run.removed_count,
        "reconcile_errors": run.reconcile_errors,
        "template_sha256": run.template_sha256,
        "duration_ms": round(duration * 1000),
        "error": run.error,
    }


def _counts(run: ImportRun, plan: Plan) -> dict[str, Any]:
    """What only a completed import knows."""
    return {
        "skipped_count": run.skipped_count,
        "collateral_count": len(plan.collateral),
        "left_running_count": run.left_running_count,
        "left_running": [str(row.live.id) for row in plan.left_running[:NAMED_LEFT_RUNNING] if row.live],
        "live_before": run.live_before,
        "live_after": run.live_after,
        "warnings_count": len(run.warnings),
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
