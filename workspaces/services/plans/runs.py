"""Runs: the record of an import or an undo, opened before its transaction and closed exactly once, and that of a
removal."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID, uuid4

from django.db import Error as DatabaseFailure
from django.db import connections, router, transaction
from uuid_utils.compat import uuid7

from audit.emitting import emit, event_of
from audit.event_payloads import ImportCompleted, ImportEnd, ImportFailed, ImportStarted, RunDismissed
from audit.event_types import IMPORT_COMPLETED, IMPORT_FAILED, IMPORT_STARTED, RUN_DISMISSED, EventType
from lib.database_clock import database_now
from lib.database_errors import AWAY, trouble_of
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.core.planning.render import errors_of
from workspaces.errors import Interrupted, Refusal
from workspaces.models import ImportRun, Organization

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from workspaces.services.templates.loader import LoadedTemplate

Payload = TypeVar("Payload", bound=Mapping[str, Any])

# The runs this process is working on. An open one missing here was given up: its end could not be written.
_at_work: set[UUID] = set()

SEQUENCE = "SELECT nextval('workspaces_run_number')"

# An event names so many workspaces that an import left running, and counts all.
NAMED_LEFT_RUNNING = 1_000


@contextmanager
def new_run(
    organization: Organization,
    loaded: LoadedTemplate | None = None,
    *,
    mode: Mode,
    actor: Actor,
    reason: str,
    undoes: ImportRun | None = None,
) -> Iterator[ImportRun]:
    """Open a run and mark it as at work before it is visible, so that it is never taken for given up."""
    key = uuid4()
    _at_work.add(key)
    try:
        run = open_run(organization, loaded, mode=mode, actor=actor, reason=reason, undoes=undoes, key=key)
        with at_work(run):
            yield run
    finally:
        _at_work.discard(key)


def open_run(
    organization: Organization,
    loaded: LoadedTemplate | None = None,
    *,
    mode: Mode,
    actor: Actor,
    reason: str,
    undoes: ImportRun | None = None,
    key: UUID | None = None,
) -> ImportRun:
    """Record that an import or an undo begins, with its event: both survive a rollback of its transaction."""
    with transaction.atomic():
        run = ImportRun.objects.create(
            id=key or uuid4(),
            number=next_number(),
            organization=organization,
            mode=mode,
            template_name=loaded.template.name if loaded else "",
            template_sha256=loaded.sha256 if loaded else "",
            source=loaded.source if loaded else "",
            undoes=undoes,
            reason=reason,
            actor=actor.name,
            user_id=actor.user_id,
            owner=this_process(),
            started_at=database_now(),
        )
        _emit(run, IMPORT_STARTED, _start(run), actor=actor.name)
    return run


def record_removal(
    organization: Organization, plan: Plan, *, live: int, actor: Actor, reason: str, now: datetime
) -> ImportRun:
    """The run of a direct removal, inside its transaction: it is there if and only if that commits. No event of its
    own: each removed workspace has one. `live` is the number of live workspaces before it."""
    run = ImportRun.objects.create(
        id=uuid7(),
        number=next_number(),
        organization=organization,
        mode=plan.mode,
        state=ImportRun.State.COMPLETED,
        reason=reason,
        actor=actor.name,
        user_id=actor.user_id,
        owner=this_process(),
        fingerprint=plan.fingerprint,
        removed_count=len(plan.removals),
        live_before=live,
        live_after=live - len(plan.removals),
        started_at=now,
        finished_at=now,
    )
    Organization.objects.filter(pk=organization.pk).update(last_run=run.pk)
    return run


def next_number() -> int:
    """The number of a new run: ascending, with gaps where a transaction was lost."""
    connection = connections[router.db_for_write(ImportRun)]
    with connection.cursor() as cursor:
        # On SQLite the caller is the only writer; on PostgreSQL the sequence locks nothing.
        postgresql = connection.vendor == "postgresql"
        cursor.execute(SEQUENCE if postgresql else "SELECT COALESCE(MAX(number), 0) + 1 FROM workspaces_importrun")
        return int(cursor.fetchone()[0])


def is_at_work(run_id: UUID) -> bool:
    """Whether this process is working on the run."""
    return run_id in _at_work


@contextmanager
def at_work(run: ImportRun) -> Iterator[None]:
    """During this block no other process closes the run; an error in it closes the run as refused or failed."""
    _at_work.add(run.pk)
    try:
        yield
    except BaseException as error:
        _fail_quietly(run, error)
        raise
    finally:
        _at_work.discard(run.pk)


def claim_run(run: ImportRun) -> None:
    """Check, under the organization's lock, that the run is open. Raises Interrupted if it was closed meanwhile."""
    if not ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.RUNNING).update(owner=run.owner):
        raise Interrupted("This run was closed as interrupted before it began. Nothing was changed; try again.")


def complete_run(run: ImportRun, plan: Plan) -> None:
    """Close the run as completed, inside the import's transaction: it says completed if and only if that commits."""
    run.state = ImportRun.State.COMPLETED
    run.finished_at = database_now()
    run.fingerprint = plan.fingerprint
    run.created_count, run.skipped_count = plan.created_count, plan.skipped_count
    run.moved_count, run.updated_count, run.differs_count = len(plan.moved), len(plan.updated), plan.differs_count
    run.restored_count = len(plan.restored)
    run.removed_count, run.left_running_count = len(plan.removals), len(plan.left_running)
    run.live_before, run.live_after = plan.live_before, plan.live_after
    run.reconcile_errors, run.warnings = errors_of(plan), list(plan.warnings)
    run.save(force_update=True)
    if not plan.changes_nothing:
        Organization.objects.filter(pk=run.organization_id).update(last_run=run.pk)
    _emit(run, IMPORT_COMPLETED, _completion(run, plan), actor=run.actor)


def fail_run(run: ImportRun, error: str, *, actor: str | None = None, refused: bool = False) -> bool:
    """Close the run as failed (or `refused`: by a safety check) if it is open; True if this call did it.

    Changes nothing else.
    """
    state = ImportRun.State.REFUSED if refused else ImportRun.State.FAILED
    with transaction.atomic():
        run.refresh_from_db()  # drop what a rolled-back transaction had set
        run.finished_at, run.state, run.error = database_now(), state, error
        closed = ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.RUNNING).update(
            state=run.state, finished_at=run.finished_at, error=error
        )
        if closed:
            failure: ImportFailed = {**_outcome(run), "refused": refused}
            _emit(run, IMPORT_FAILED, failure, actor=actor or run.actor)
    return bool(closed)


def dismiss_run(run: ImportRun, *, actor: Actor) -> bool:
    """Dismiss a failure that was seen, so home shows it no longer. True if this call did it; only for failures."""
    with transaction.atomic():
        undismissed = ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.FAILED, dismissed_at=None)
        dismissed = undismissed.update(dismissed_at=database_now(), dismissed_by=actor.name)
        if dismissed:
            payload: RunDismissed = {
                "name": run.template_name, "dir": run.source, "mode": run.mode, "error": run.error,
            }  # fmt: skip
            _emit(run, RUN_DISMISSED, payload, actor=actor.name)
    return bool(dismissed)


def _fail_quietly(run: ImportRun, error: BaseException) -> None:
    """Close the run after `error` and never hide that error; if the database refuses, `close_interrupted` does it
    later."""
    try:
        fail_run(run, _sentence(error), refused=isinstance(error, Refusal))
    except DatabaseFailure:
        logger.exception("run %s could not be closed; it will be closed as interrupted", run.pk)


def _sentence(error: BaseException) -> str:
    trouble = trouble_of(error)
    if trouble is AWAY:
        return "the database was away or busy"
    return trouble.sentence if trouble else str(error).partition("\n")[0] or type(error).__name__


def _start(run: ImportRun) -> ImportStarted:
    undoes = str(run.undoes_id) if run.undoes_id else None
    return {
        "name": run.template_name, "dir": run.source, "mode": run.mode, "reason": run.reason, "undoes": undoes,
    }  # fmt: skip


def _outcome(run: ImportRun) -> ImportEnd:
    """The payload of any import's end. A failed one changed nothing, so its counts are known as well."""
    duration = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0.0
    return {
        **_start(run),
        "created_count": run.created_count,
        "restored_count": run.restored_count,
        "reconcile_removed_count": run.removed_count,
        "reconcile_errors": run.reconcile_errors,
        "template_sha256": run.template_sha256,
        "duration_ms": round(duration * 1000),
        "error": run.error,
    }


def _completion(run: ImportRun, plan: Plan) -> ImportCompleted:
    """The payload of a completed import."""
    return {
        **_outcome(run),
        "skipped_count": run.skipped_count,
        "moved_count": run.moved_count,
        "updated_count": run.updated_count,
        "differs_count": run.differs_count,
        "collateral_count": len(plan.collateral),
        "left_running_count": run.left_running_count,
        "left_running": [str(row.live.id) for row in plan.left_running[:NAMED_LEFT_RUNNING] if row.live],
        "live_before": run.live_before,
        "live_after": run.live_after,
        "warnings_count": len(run.warnings),
    }


def _emit(run: ImportRun, kind: EventType[Payload], payload: Payload, *, actor: str) -> None:
    event = event_of(kind, payload, organization=run.organization.slug, actor=actor, import_id=run.pk)
    emit([event])


# ---- The identity of a process of this site: the owner of a run or a lease.


DEAD = "ZX"  # states of a process that has ended and was not waited for


def this_process() -> str:
    """Host, process id and the process's start time: a reused id on a restarted machine is not the same owner."""
    return f"{socket.gethostname()}/{os.getpid()}/{start_time(os.getpid())}"


def start_time(process: int) -> str:
    """Its start in clock ticks since boot (fields 3 and 22 of /proc/PID/stat); "" for none and for a dead one."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in DEAD else fields[19]
