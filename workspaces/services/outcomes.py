"""What a worker saw and did, written down: containers, statuses, history and events of a whole batch at once."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.emitting import emit
from workspaces.core.steps import delay
from workspaces.models import Container, Status, Workspace
from workspaces.services.actors import Actor
from workspaces.services.containers import ABSENT, RUNNING
from workspaces.services.history import record_history
from workspaces.services.locking import lock_organizations
from workspaces.services.telling import workspace_event

logger = logging.getLogger(__name__)

WORKER = Actor(name="worker")
LOOK_AGAIN = timedelta(milliseconds=250)
FAILED_AFTER = 3  # attempts; then the workspace is called failed, and the attempts go on
COLUMNS = (
    "observed", "due_at", "attempts", "last_error", "asked_at", "released_at", "leased_until", "leased_by",
    "changed_at",
)  # fmt: skip


class Outcome(Enum):
    """How a step ended."""

    RUNS = "runs"
    STARTING = "starting"
    ASKED = "asked to stop"
    STOPPING = "still stopping"
    GONE = "gone"
    FAILED = "failed"
    UNTRIED = "untried"  # the engine went away before it was asked


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What came of a claim: `wanted` as it was claimed, `error` in the engine's words."""

    workspace_id: UUID
    wanted: bool
    outcome: Outcome
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A container row as it is written now. `news`: an error that it did not have before, a first release."""

    row: Container
    outcome: Outcome
    news: bool

    @property
    def starts(self) -> bool:
        """Whether the workspace becomes online by this."""
        return self.outcome is Outcome.RUNS and self.row.workspace.status != Status.ONLINE

    @property
    def gives_up(self) -> bool:
        """Whether the workspace is called failed from now on."""
        waiting = self.row.desired == RUNNING and self.row.workspace.status == Status.PROVISIONING
        return self.outcome is Outcome.FAILED and waiting and self.row.attempts >= FAILED_AFTER

    @property
    def stays(self) -> bool:
        """Whether it could not be released, for a reason not told yet."""
        failed = self.outcome in (Outcome.FAILED, Outcome.UNTRIED)
        return failed and self.row.desired == ABSENT and self.news


def record(results: Sequence[Result], *, worker: str) -> None:
    """Write down what this worker did to the containers it leased, and give the leases back.

    The organizations are locked first, as for an import: a removal comes wholly before or wholly after. Where it came
    before, a start that has ended meanwhile brings no workspace back; the container is due, and goes.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = _leased([result.workspace_id for result in results], worker)
        known = [(rows[result.workspace_id], result) for result in results if result.workspace_id in rows]
        entries = [entry for row, result in known if (entry := _write(row, result, now=now))]
        Container.objects.bulk_update(rows.values(), COLUMNS)
        _change_status([e.row for e in entries if e.starts], Status.ONLINE, why=lambda _: "its container runs")
        _change_status([e.row for e in entries if e.gives_up], Status.FAILED, why=lambda row: row.last_error)
        gone = [e.row for e in entries if e.outcome is Outcome.GONE and e.news]
        _tell("released", gone, why=lambda row: "volumes kept" if row.keep_volumes else "container and volumes gone")
        _tell("release_failed", [e.row for e in entries if e.stays], why=lambda row: row.last_error)
    _log(entries)


def _log(entries: Sequence[Entry]) -> None:
    for word, outcome in (("run", Outcome.RUNS), ("are gone", Outcome.GONE)):
        if ended := [entry for entry in entries if entry.outcome is outcome]:
            logger.info("%d containers %s", len(ended), word)
    for entry in entries:
        if entry.outcome is Outcome.FAILED:
            logger.warning("%s, attempt %d: %s", entry.row, entry.row.attempts, entry.row.last_error)


def record_away(error: str) -> None:
    """The engine does not answer. All that waits for it says so, each once."""
    with transaction.atomic():
        waiting = Container.objects.filter(due_at__isnull=False, leased_until=None).exclude(last_error=error)
        rows = list(waiting.select_related("workspace__organization").order_by("pk"))
        Container.objects.filter(workspace__one_of=[row.pk for row in rows]).update(last_error=error)
        going = [row for row in rows if row.desired == ABSENT and not row.last_error]
        _tell("release_failed", going, why=lambda _: error)


def _leased(ids: Collection[UUID], worker: str) -> dict[UUID, Container]:
    mine = Container.objects.filter(workspace__one_of=ids, leased_by=worker)
    lock_organizations(set(mine.order_by().values_list("workspace__organization", flat=True).distinct()))
    return {row.pk: row for row in mine.select_related("workspace__organization")}


def _write(row: Container, result: Result, *, now: datetime) -> Entry | None:
    """Into the row, not yet into the database. None where something else was decided since it was claimed."""
    row.leased_until, row.leased_by, row.changed_at = None, "", now
    if result.wanted != (row.desired == RUNNING):
        return None
    news = result.error != row.last_error if result.error else row.released_at is None
    match result.outcome:
        case Outcome.RUNS:
            _settle(row, Container.Observed.RUNNING)
        case Outcome.GONE:
            _settle(row, Container.Observed.ABSENT)
            row.released_at = row.released_at or now
        case Outcome.FAILED:
            row.attempts, row.last_error = row.attempts + 1, result.error
            row.asked_at = None if result.wanted else row.asked_at
            row.due_at = now + delay(row.attempts, jitter=random.random())
        case Outcome.UNTRIED:
            row.last_error, row.due_at = result.error, now
        case Outcome.STARTING:
            row.observed, row.due_at = Container.Observed.STARTING, now + LOOK_AGAIN
            row.asked_at = row.asked_at or now
        case Outcome.ASKED | Outcome.STOPPING:
            row.observed, row.due_at = Container.Observed.STOPPING, now + LOOK_AGAIN
            row.asked_at = row.asked_at or now
    return Entry(row=row, outcome=result.outcome, news=news)


def _settle(row: Container, observed: Container.Observed) -> None:
    row.observed, row.due_at, row.attempts, row.last_error, row.asked_at = observed, None, 0, "", None


def _change_status(rows: Sequence[Container], status: Status, *, why: Callable[[Container], str]) -> None:
    if rows:
        now = timezone.now()
        Workspace.objects.live().filter(id__one_of=[row.pk for row in rows]).update(status=status, updated_at=now)
        record_history({row.pk: why(row) for row in rows}, kind="~", actor=WORKER, now=now)
        _tell(status.value, rows, why=why)


def _tell(what: str, rows: Sequence[Container], *, why: Callable[[Container], str]) -> None:
    events = [
        workspace_event(
            what,
            workspace_id=row.pk,
            name=row.workspace.name,
            parent_id=row.workspace.parent_id,
            organization=row.workspace.organization.slug,
            actor=WORKER,
            why=why(row),
            import_id=row.import_id,
        )
        for row in rows
    ]
    if events:
        emit(events)
