"""The containers that a run decided about: where each stands, and how many are what they should be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.db.models import Count, QuerySet

from lib.database_clock import database_now
from lib.text import plural
from workspaces.core.containers.convergence import FAILED_AFTER, LOST_AFTER
from workspaces.core.containers.lifecycle import Desired, Observed
from workspaces.models import Container
from workspaces.services.containers.installation import HELD_BACK

MINUTES = 100  # from so many seconds on, in minutes


SIGNS = {"fail": "×", "retry": "↻", "ok": "✓", "run": "…", "wait": "·"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A container as the pages show it; `kind` is its class in the stylesheet.

    `going`: it is to be removed. `watched`: it was started again after an error, and has to stay up now. `next_step`:
    `Next try in 4 min`, `Next look now`; "" without an error.
    """

    row: Container
    kind: str
    sign: str
    word: str
    going: bool
    failing: bool
    watched: bool
    next_step: str


def stage_of(row: Container) -> Stage:
    kind = _kind(row)
    going, failing = row.desired == Desired.ABSENT, bool(row.last_error)
    watched = failing and not going and row.asked_at is not None
    look = "look" if watched or _held(row) else "try"
    return Stage(
        row=row,
        kind=kind,
        sign=SIGNS[kind],
        word=_word(row, kind),
        going=going,
        failing=failing,
        watched=watched,
        next_step=f"Next {look} {_next_try(row)}" if failing else "",
    )


def _held(row: Container) -> bool:
    """Whether the removal waits, because the database may be a restored or another one."""
    return row.last_error == HELD_BACK


def _kind(row: Container) -> str:
    if _held(row):
        return "retry"
    if row.last_error:
        return "fail" if row.attempts >= FAILED_AFTER or row.losses >= LOST_AFTER else "retry"
    if row.due_at is None:
        return "ok"
    return "run" if row.leased_until or row.asked_at else "wait"


def _word(row: Container, kind: str) -> str:
    going = row.desired == Desired.ABSENT
    if _held(row):
        return "held back"
    if row.last_error and row.losses > 1:
        return f"lost {plural(row.losses, 'time')}"
    if row.last_error:
        return f"tried {plural(row.attempts, 'time')}" if row.attempts else "waits for the engine"
    if kind == "ok":
        return f"gone, volumes {'kept' if row.keeps_data else 'too'}" if going else "runs"
    if not going and row.observed == Observed.RUNNING and not row.is_current:
        return "delivering"
    if kind == "wait":
        return "waits"
    return "stopping" if going else "starting"


def _next_try(row: Container) -> str:
    """`in 38 s`, `in 4 min`, `now`."""
    due: datetime = row.due_at or database_now()
    seconds = round((due - database_now()).total_seconds())
    if seconds >= MINUTES:
        return f"in {round(seconds / 60)} min"
    return f"in {seconds} s" if seconds > 0 else "now"


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How many containers there are, how many of them are what they should be, and how many have an error."""

    total: int = 0
    settled: int = 0
    failing: int = 0


@dataclass(frozen=True, kw_only=True)
class Stages:
    """The containers that one run decided about: counted by the database, and read a page at a time."""

    import_id: UUID
    known: Mapping[str, Progress] | None = None  # if it was counted for many runs at once

    def of(self, workspaces: Collection[UUID]) -> dict[UUID, Stage]:
        """Workspace → its container's stage; those of other runs are left out."""
        rows = self._rows.filter(workspace__one_of=workspaces) if workspaces and self.any else ()
        return {row.pk: stage_of(row) for row in rows}

    @property
    def going(self) -> Progress:
        return self._progress.get(Desired.ABSENT, Progress())

    @property
    def coming(self) -> Progress:
        return self._progress.get(Desired.RUNNING, Progress())

    @property
    def any(self) -> bool:
        return bool(self._progress)

    @property
    def unsettled(self) -> bool:
        return any(each.settled < each.total for each in self._progress.values())

    @property
    def failing(self) -> QuerySet[Container]:
        return self._rows.exclude(last_error="")

    @property
    def failing_count(self) -> int:
        return sum(each.failing for each in self._progress.values())

    @property
    def standing(self) -> str:
        """`0 of 9 started`, `0 of 9 started, 3 of 8 released`: only unfinished parts; "" when all is done."""
        done = (("started", self.coming), ("released", self.going))
        left = [f"{each.settled:,} of {each.total:,} {word}" for word, each in done if each.settled < each.total]
        return ", ".join(left)

    @property
    def text(self) -> str:
        """` Tearing down: 5 of 8 done, 1 with an error.` to follow the run's outcome; "" when all is done."""
        parts = [_progress("Starting containers", self.coming), _progress("Tearing down", self.going)]
        return "".join(f" {part}" for part in parts if part)

    @property
    def _rows(self) -> QuerySet[Container]:
        return Container.objects.filter(import_id=self.import_id)

    @cached_property
    def _progress(self) -> Mapping[str, Progress]:
        """Counts by desired state. Two queries, the first of an index alone: waiting pages repeat it often."""
        return self.known if self.known is not None else _counted([self.import_id]).get(self.import_id, {})


def unsettled(import_ids: Collection[UUID]) -> dict[UUID, Mapping[str, Progress]]:
    """Of these runs, those whose containers are not all what they should be, counted. Three queries at most."""
    due = Container.objects.filter(import_id__in=import_ids, desired__in=list(Desired), due_at__isnull=False)
    left = due.order_by().values_list("import_id", flat=True).distinct() if import_ids else ()
    found = [key for key in left if key]
    return _counted(found) if found else {}


def _counted(import_ids: Collection[UUID]) -> dict[UUID, Mapping[str, Progress]]:
    rows = Container.objects.filter(import_id__in=import_ids).order_by()
    counts = list(rows.values_list("import_id", "desired").annotate(total=Count("*"), due=Count("due_at")))
    errors = rows.exclude(last_error="").values_list("import_id", "desired").annotate(count=Count("*"))
    failing = {(run, desired): count for run, desired, count in errors} if counts else {}
    found: dict[UUID, dict[str, Progress]] = defaultdict(dict)
    for run, desired, total, due in counts:
        progress = Progress(total=total, settled=total - due, failing=failing.get((run, desired), 0))
        found[run][desired] = progress
    return dict(found)


def _progress(what: str, stages: Progress) -> str:
    if stages.settled == stages.total:
        return ""
    errors = f", {stages.failing:,} with an error" if stages.failing else ""
    return f"{what}: {stages.settled:,} of {stages.total:,} done{errors}."
