"""Records of a worker's results: containers, statuses, history and events of a whole batch at once."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Collection, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from audit.emitting import Event, emit
from audit.event_types import (
    WORKSPACE_FAILED,
    WORKSPACE_ONLINE,
    WORKSPACE_PURGED,
    WORKSPACE_RELEASE_FAILED,
    WORKSPACE_RELEASED,
    EventType,
)
from lib.database_clock import database_now, uptime
from workspaces.access import Actor
from workspaces.core.containers.convergence import FAILED_AFTER, LOST_AFTER, delay, look_again, loss_told, pause
from workspaces.core.containers.lifecycle import ERRORS, OBSERVED_AFTER, Desired, Observed, Outcome
from workspaces.models import Container, Organization, Status, Workspace
from workspaces.services.containers.leases import skipping_locked
from workspaces.services.containers.provisioning import revoke_earlier_tokens
from workspaces.services.reasons import Reasons
from workspaces.services.workspace_events import record_history, subject, workspace_event

logger = logging.getLogger(__name__)

WORKER = Actor(name="worker")
LONGEST_ERROR = 2_000  # characters
PURGED = "its volumes are gone"
COLUMNS = (
    "observed", "delivered", "due_at", "attempts", "losses", "last_error", "asked_at", "released_at",
    "purge_at", "purged_at", "node", "leased_until", "leased_by", "changed_at",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerResult:
    """The outcome of a claim: `desired`, `generation` and `configuration` as claimed, `ended` when the engine answered,
    in seconds of this machine's uptime, `error` in its words. `delivered`: the number of the configuration that the
    container got by it, 0 for none. `kept`: whether a removal left the volumes, as claimed. `node`: the machine that it
    ran on, if the engine has several."""

    workspace_id: UUID
    desired: Desired
    outcome: Outcome
    ended: float
    generation: int = 1
    configuration: int = 1
    delivered: int = 0
    kept: bool = False
    node: str = ""
    error: str = ""

    @property
    def settles(self) -> bool:
        """Whether nothing follows from it, so that it need not be written at once."""
        return self.outcome is Outcome.GONE


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultEntry:
    """A container row as it is written now. `news`: the first failure of a series, the first release. `purges`: its
    volumes are seen to be gone for the first time."""

    row: Container
    outcome: Outcome
    news: bool
    purges: bool = False

    @property
    def starts(self) -> bool:
        """Whether the workspace becomes online by this."""
        return self.outcome is Outcome.RUNS and self.row.workspace.status != Status.ONLINE

    @property
    def gives_up(self) -> bool:
        """Whether the workspace is called failed from now on. If its agent has called it online since, that is repeated
        after each loss, which come ever more rarely, and once for failed starts: the agent may run elsewhere. One that
        is online and gets no delivery runs on."""
        status, attempts = self.row.workspace.status, self.row.attempts
        again = self.outcome is Outcome.LOST or (self.outcome is not Outcome.UNDELIVERED and attempts == FAILED_AFTER)
        news = status == Status.PROVISIONING or (status == Status.ONLINE and again)
        failed = attempts >= FAILED_AFTER or self.row.losses >= LOST_AFTER
        return self.fails and self.row.desired == Desired.RUNNING and news and failed

    @property
    def fails(self) -> bool:
        return self.outcome in ERRORS

    @property
    def stays(self) -> bool:
        """Whether it could not be released, for a new reason."""
        return self.fails and self.row.desired == Desired.ABSENT and self.news


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """The content of an event about a container's workspace. `run`: whether it belongs to the container's run."""

    kind: EventType[Any]
    row: Container
    why: str
    run: bool = True


def record(results: Sequence[ContainerResult], *, worker: str, grace: timedelta) -> Set[UUID]:
    """Write down this worker's results with the containers it leased, and give the leases back. `grace` is the time to
    stop.

    The organizations are locked first, as for an import: a removal comes wholly before or wholly after. If it came
    before, a start that has ended meanwhile brings no workspace back; the container is due, and goes. Returns the ids
    whose organization is busy: nothing of them was written, without a wait.
    """
    now = database_now()
    with transaction.atomic():
        rows, busy = _leased([result.workspace_id for result in results], worker)
        known = [(rows[result.workspace_id], result) for result in results if result.workspace_id in rows]
        entries = [entry for row, result in known if (entry := _write(row, result, grace=grace, now=now))]
        save_rows(rows.values())
        starts, failed = [e.row for e in entries if e.starts], [e.row for e in entries if e.gives_up]
        change_status(starts, Status.ONLINE, why=lambda _: "its container runs")
        change_status(failed, Status.FAILED, why=lambda row: row.last_error)
        revoke_earlier_tokens([e.row for e in entries if e.outcome is Outcome.RUNS])
        gone = [e.row for e in entries if e.outcome is Outcome.GONE and e.news]
        purged = [e.row for e in entries if e.purges]
        tell(
            [
                *(News(kind=WORKSPACE_ONLINE, row=row, why="its container runs") for row in starts),
                *(News(kind=WORKSPACE_FAILED, row=row, why=row.last_error) for row in failed),
                *(News(kind=WORKSPACE_PURGED, row=row, why=PURGED) for row in purged),
                *(News(kind=WORKSPACE_RELEASED, row=row, why=_released(row)) for row in gone),
                *(News(kind=WORKSPACE_RELEASE_FAILED, row=e.row, why=e.row.last_error) for e in entries if e.stays),
            ]
        )
    _log(entries)
    return busy


def _log(entries: Sequence[ResultEntry]) -> None:
    for word, outcome in (("run", Outcome.RUNS), ("are gone", Outcome.GONE)):
        if ended := [entry for entry in entries if entry.outcome is outcome]:
            logger.info("%d containers %s", len(ended), word)
    for entry in entries:
        if entry.fails:
            logger.warning("%s, attempt %d: %s", entry.row, entry.row.attempts, entry.row.last_error)


def readable(error: str) -> str:
    """An engine's words in a form for the database and the pages."""
    return error.replace("\0", "\N{REPLACEMENT CHARACTER}").strip()[:LONGEST_ERROR] or "no reason was given"


def record_away(error: str) -> None:
    """The engine does not answer: record that in all waiting rows without an error."""
    error = readable(error)
    with transaction.atomic():
        waiting = Container.objects.filter(due_at__isnull=False, leased_until=None, last_error="").order_by("pk")
        rows = list(skipping_locked(waiting.select_related("workspace__organization")))
        Container.objects.filter(workspace__one_of=[row.pk for row in rows]).update(last_error=error)
        tell([News(kind=WORKSPACE_RELEASE_FAILED, row=row, why=error) for row in rows if row.desired == Desired.ABSENT])


def _leased(ids: Collection[UUID], worker: str) -> tuple[dict[UUID, Container], Set[UUID]]:
    """The rows, and the ids of those in locked organizations."""
    mine = Container.objects.filter(workspace__one_of=ids, leased_by=worker)
    places = dict(mine.values_list("pk", "workspace__organization"))
    free = Organization.objects.lock_where_free(places)
    rows = mine.filter(workspace__one_of=free).select_related("workspace__organization")
    return {row.pk: row for row in rows}, places.keys() - free


def save_rows(rows: Collection[Container]) -> None:
    """Save existing rows, locked by their organizations: one statement, a tenth of the work of `bulk_update`."""
    Container.objects.bulk_create(rows, update_conflicts=True, unique_fields=["workspace"], update_fields=COLUMNS)


def _write(row: Container, result: ContainerResult, *, grace: timedelta, now: datetime) -> ResultEntry | None:
    """Change the row, not yet the database. None if something else was decided since the claim."""
    row.leased_until, row.leased_by = None, ""
    row.node = result.node or row.node
    if result.desired != row.desired or result.generation != row.generation:
        row.changed_at = now
        return None
    news = not row.last_error if result.error else row.released_at is None
    purges = result.outcome is Outcome.GONE and not result.kept and row.purged_at is None
    if not _runs_on(row, result):
        row.changed_at = now
    row.observed = OBSERVED_AFTER.get(result.outcome, row.observed)
    row.delivered = result.delivered or row.delivered
    match result.outcome:
        case Outcome.RUNS:
            _settle(row)
            row.due_at = None if result.configuration == row.configuration else now
        case Outcome.DELIVERED:
            row.due_at = now
        case Outcome.GONE:
            _settle(row)
            row.released_at = row.released_at or now
            _let_go(row, result, now=now)
        case Outcome.FAILED | Outcome.UNDELIVERED | Outcome.LOST | Outcome.HELD:
            _fail(row, result, now=now)
        case Outcome.UNTRIED:
            row.due_at = now
        case Outcome.STARTING | Outcome.STOPPING:
            _wait(row, result, grace=grace, now=now)
    return ResultEntry(row=row, outcome=result.outcome, news=news, purges=purges)


def _runs_on(row: Container, result: ContainerResult) -> bool:
    """Whether the container runs as it did: `changed_at` is since when, and a delivery is no new start."""
    confirmed = result.outcome is Outcome.RUNS and row.observed == Observed.RUNNING
    return confirmed or result.outcome in (Outcome.DELIVERED, Outcome.UNDELIVERED)


def _settle(row: Container) -> None:
    row.due_at, row.attempts, row.last_error, row.asked_at = None, 0, "", None


def _let_go(row: Container, result: ContainerResult, *, now: datetime) -> None:
    """The volumes of a container that is gone: destroyed, or kept, unless their time ended while it was removed."""
    if not result.kept:
        row.purge_at, row.purged_at, row.node = None, row.purged_at or now, ""
    elif not row.keeps_data:
        row.due_at = now


def _fail(row: Container, result: ContainerResult, *, now: datetime) -> None:
    row.attempts, row.last_error = row.attempts + 1, readable(result.error)
    if result.outcome is not Outcome.UNDELIVERED:
        row.asked_at = None if result.desired is Desired.RUNNING else row.asked_at
    row.due_at = now + delay(row.attempts, jitter=random.random())
    if result.outcome is Outcome.LOST:  # again, if it had run before: one that never did is only tried again
        row.losses += bool(row.losses)
        row.last_error = loss_told(row.last_error, row.losses)
    if result.outcome in (Outcome.LOST, Outcome.HELD):  # an engine may be repaired any moment, these are not its fault
        row.due_at = max(row.due_at, now + pause(max(row.losses, row.attempts)))


def _wait(row: Container, result: ContainerResult, *, grace: timedelta, now: datetime) -> None:
    row.asked_at = row.asked_at or now - timedelta(seconds=uptime() - result.ended)
    row.due_at = look_again(desired=result.desired, asked_at=row.asked_at, grace=grace, now=now, losses=row.losses)


def change_status(
    rows: Sequence[Container], status: Status, *, why: Callable[[Container], str], actor: Actor = WORKER
) -> None:
    """Change the live ones among the workspaces, with history; the caller writes the events, by `tell`."""
    if rows:
        now = database_now()
        Workspace.objects.live().filter(id__one_of=[row.pk for row in rows]).update(status=status, updated_at=now)
        record_history(Reasons([row.pk for row in rows], map(why, rows)), kind="~", actor=actor, now=now)


def tell(news: Collection[News], *, actor: Actor = WORKER) -> None:
    """Write the events, in one statement, and one more for the workspaces' places."""
    if news:
        paths = Workspace.objects.paths({each.row.pk for each in news})
        emit([_event(each, path=paths[each.row.pk], actor=actor) for each in news])


def _event(news: News, *, path: tuple[str, ...], actor: Actor) -> Event:
    row, workspace = news.row, news.row.workspace
    payload: dict[str, Any] = dict(subject(workspace, path=path, why=news.why))
    if news.kind is WORKSPACE_RELEASED:
        payload["keep_volumes"] = row.keep_volumes
    if news.kind is WORKSPACE_PURGED:
        payload["bytes"] = row.volume_bytes
    run = row.import_id if news.run else None
    return workspace_event(news.kind, payload, workspace=workspace, actor=actor, import_id=run)


def _released(row: Container) -> str:
    if row.purge_at:
        return f"container gone, volumes kept until {row.purge_at:%Y-%m-%d %H:%M:%S} UTC"
    if row.keep_volumes:
        return "volumes kept"
    return "container and volumes gone" if row.purged_at else "container gone"
