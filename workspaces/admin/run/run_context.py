"""A run as the pages show it: its outcome in one sentence, its phases, its operations and their reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from audit.event_payloads import ImportCompleted
from audit.event_types import IMPORT_COMPLETED
from audit.models import StructureEvent
from audit.payload import payload_as
from lib.text import plural
from workspaces.admin.run.run_rows import Progress, RunRows, Stages, unsettled
from workspaces.admin.shared.badges import coded
from workspaces.core.plan_words import signed_counts
from workspaces.core.planning.plan_values import Mode
from workspaces.core.validating.validation_context import brief
from workspaces.models import ImportRun, Organization
from workspaces.services.plans.abandoned_runs import owner_is_gone

if TYPE_CHECKING:
    from django.contrib.auth.models import User

State = ImportRun.State


@dataclass(frozen=True, kw_only=True, slots=True)
class RunResult:
    """How a run ended, in a few words; `kind` is its class in the stylesheet."""

    kind: str
    sign: str
    word: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """One of the steps of a run: `done` of `total`, None while unknown, and a sentence."""

    name: str
    result: RunResult
    done: int | None
    total: int
    text: str


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """One run for the run pages."""

    run: ImportRun
    progress: Mapping[str, Progress] | None = None  # of its containers, if that was counted for many runs at once

    @property
    def result(self) -> RunResult:
        """`done` only if its containers are as desired, too."""
        run = self.run
        if run.state == State.REFUSED:
            return RunResult(kind="refused", sign="#", word="refused, nothing changed")
        if run.state == State.FAILED:
            return RunResult(kind="fail", sign="×", word="failed, nothing changed")
        if run.state == State.RUNNING:
            return RunResult(kind="run", sign="…", word="interrupted" if self.abandoned else "running")
        if self.stages.unsettled:
            failing = self.stages.failing_count
            return RunResult(
                kind="retry" if failing else "run", sign="!" if failing else "…", word=self.stages.standing
            )
        if run.reconcile_errors:
            return RunResult(kind="retry", sign="!", word=f"done, kept {plural(len(run.reconcile_errors), 'leftover')}")
        if run.left_running_count:
            return RunResult(kind="retry", sign="!", word=f"done, left {plural(run.left_running_count, 'duplicate')}")
        return RunResult(kind="ok", sign="✓", word="done")

    @property
    def running(self) -> bool:
        return self.run.state == State.RUNNING

    @property
    def moving(self) -> bool:
        """Whether there is something to wait for: the import, or the containers after it."""
        return self.running or self.stages.unsettled

    @cached_property
    def stages(self) -> Stages:
        return Stages(import_id=self.run.pk, known=self.progress)

    @cached_property
    def abandoned(self) -> bool:
        """Whether it is open although its process is gone."""
        return self.running and owner_is_gone(self.run)

    @property
    def kind(self) -> str:
        """The class of the outcome's box."""
        if self.stages.failing_count:
            return "warn"
        if self.stages.unsettled:
            return ""
        kinds = {"fail": "err", "run": "warn" if self.abandoned else "", "retry": "warn", "ok": "done"}
        return kinds.get(self.result.kind, self.result.kind)

    @property
    def outcome(self) -> str:
        """`Done. 8 workspaces removed, 9 kept; 9 are live.`"""
        run = self.run
        if run.state == State.FAILED:
            return "Failed. Nothing was changed."
        if run.state == State.REFUSED:
            return "Refused: a safety worked. Nothing was changed by this run."
        if self.abandoned:
            return "Interrupted. The process that ran this import is gone; the run will be closed as interrupted."
        if run.state == State.RUNNING:
            return "Running. All of it becomes visible at once, when it is done."
        created = f"{plural(run.created_count, 'workspace')} created, " if run.created_count else ""
        removed = f"{plural(run.removed_count, 'workspace')} removed, " if run.removed_count else ""
        nothing = "Nothing had to change. " if not created and not removed else ""
        lead = "Not done yet." if self.stages.unsettled else "Done."
        kept = f"{run.skipped_count:,} kept; " if self.imports else ""
        done = f"{lead} {nothing}{created}{removed}{kept}{run.live_after:,} are live."
        return f"{done}{self.stages.text}"

    @property
    def duration(self) -> timedelta | None:
        return self.run.finished_at - self.run.started_at if self.run.finished_at else None

    @property
    def seconds(self) -> str:
        return f"{self.duration.total_seconds():.1f} s" if self.duration is not None else ""

    @property
    def counts(self) -> str:
        return signed_counts(
            created=self.run.created_count, kept=self.run.skipped_count, removed=self.run.removed_count
        )

    @property
    def short_id(self) -> str:
        return str(self.run.pk)[:8]

    @property
    def label(self) -> str:
        return self.run.source or self.run.template_name

    @property
    def imports(self) -> bool:
        """Whether it applied a template; else it removed chosen workspaces."""
        return self.run.mode != Mode.REMOVE

    @property
    def heading(self) -> str:
        """`merge team.yaml into`, or `remove from`: the organization's name follows."""
        return f"{self.run.mode} {self.label} into" if self.imports else "remove from"

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        run = self.run
        if self.running and not self.abandoned:
            return _RUNNING
        if run.state != State.COMPLETED:
            return ()
        kept = f"{run.created_count:,} created, {run.skipped_count:,} kept."
        first = (
            Phase(name="Check plan", result=_DONE, done=1, total=1, text="The plan matched the live tree."),
            _containers("Create", self.stages.coming, kept) or _phase("Create", run.created_count, kept, none=kept),
        )
        return (
            *(first if self.imports else ()),
            _phase("Remove", run.removed_count, "Tokens revoked, schedules disabled.", none="0 to remove."),
            _containers("Tear down", self.stages.going, "Containers and their volumes.")
            or _phase("Tear down", run.removed_count, "No container stood behind them.", none="Nothing held."),
        )

    @cached_property
    def collateral(self) -> int:
        """The number of removed ones that the template did not name, from the run's last event."""
        # No LIMIT 1: for that the planner would rather read the table from its end.
        ends = list(StructureEvent.objects.filter(import_id=self.run.pk, event_type=IMPORT_COMPLETED.name).order_by())
        return payload_as(ends[0], ImportCompleted)["collateral_count"] if ends else 0

    @property
    def warnings(self) -> list[SafeString]:
        return [coded(brief(warning)) for warning in self.run.warnings]

    @property
    def rows(self) -> RunRows:
        """The run's creations and removals."""
        return RunRows(run=self.run, stages=self.stages)


def run_views(runs: Iterable[ImportRun]) -> list[RunContext]:
    """Several runs: the states of their containers are queried for all together."""
    shown = list(runs)
    standing = unsettled([run.pk for run in shown])
    return [RunContext(run=run, progress=standing.get(run.pk, {})) for run in shown]


def latest_runs(user: User) -> QuerySet[ImportRun]:
    """The runs of the organizations the user may see, latest first."""
    visible = Organization.objects.visible_to(user)
    return ImportRun.objects.filter(organization__in=visible).select_related("organization").order_by("-started_at")


def _containers(name: str, stages: Progress, text: str) -> Phase | None:
    """A phase whose workspaces have containers; None where none of them has."""
    if not stages.total:
        return None
    kind, sign = ("ok", "✓") if stages.settled == stages.total else ("retry", "!") if stages.failing else ("run", "…")
    return Phase(
        name=name,
        result=RunResult(kind=kind, sign=sign, word=f"{stages.settled:,} of {stages.total:,}"),
        done=stages.settled,
        total=stages.total,
        text=f"{text} {plural(stages.failing, 'container')} with an error." if stages.failing else text,
    )


_DONE = RunResult(kind="ok", sign="✓", word="done")
_WORKING = RunResult(kind="run", sign="…", word="running")
_WAITING = RunResult(kind="wait", sign="·", word="waits")
_RUNNING = (
    Phase(
        name="Check plan",
        result=_WORKING,
        done=None,
        total=1,
        text="Comparing with the live tree, one import at a time.",
    ),
    Phase(name="Create", result=_WAITING, done=0, total=1, text="Happens in one go with the removals."),
    Phase(name="Remove", result=_WAITING, done=0, total=1, text="Comes last: what fails before has removed nothing."),
    Phase(name="Tear down", result=_WAITING, done=0, total=1, text="After that, in the background."),
)
_NOTHING = RunResult(kind="wait", sign="·", word="nothing to do")


def _phase(name: str, count: int, text: str, *, none: str) -> Phase:
    if not count:
        return Phase(name=name, result=_NOTHING, done=1, total=1, text=none)
    result = RunResult(kind="ok", sign="✓", word=f"{count:,} of {count:,}")
    return Phase(name=name, result=result, done=count, total=count, text=text)
