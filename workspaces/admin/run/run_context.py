"""A run as the pages show it: its outcome in one sentence, its phases, its operations and their reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils.safestring import SafeString

from audit.event_payloads import ImportCompleted
from audit.event_types import IMPORT_COMPLETED
from audit.models import StructureEvent
from audit.payload import payload_as
from lib.text import plural
from workspaces.admin.run.run_rows import Progress, RunPageRow, RunRows, Stages, unsettled
from workspaces.admin.shared.badges import coded
from workspaces.core.plan_words import signed_counts
from workspaces.core.planning.plan_values import Mode
from workspaces.core.validating.validation_context import brief
from workspaces.models import ImportRun, Organization
from workspaces.services.plans.abandoned_runs import owner_is_gone

if TYPE_CHECKING:
    from workspaces.access import AnyUser, Right

State = ImportRun.State
ROWS_PER_PAGE = 500


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


@dataclass(frozen=True, kw_only=True, slots=True)
class RunLine:
    """One run in a list."""

    run: ImportRun
    short_id: str
    label: str
    counts: str
    result: RunResult


@dataclass(frozen=True, kw_only=True, slots=True)
class RunContext:
    """The context of run.html, read and worded: the template starts no query."""

    run: ImportRun
    short_id: str
    imports: bool  # it applied a template; else it removed chosen workspaces
    heading: str  # `merge team.yaml into`, or `remove from`: the organization's name follows
    seconds: str
    warnings: tuple[SafeString, ...]

    # the outcome
    outcome: str
    kind: str  # the class of its box
    abandoned: bool  # open although its process is gone
    moving: bool  # there is something to wait for: the import, or the containers after it
    phases: tuple[Phase, ...]
    collateral: int
    kept: int

    # the operations, and their containers
    page: Page[RunPageRow]
    has_containers: bool
    unsettled: bool
    failing_count: int


def run_context(run: ImportRun, *, page: str) -> RunContext:
    """One run, with that page of its operations."""
    stages, abandoned = Stages(import_id=run.pk), _abandoned(run)
    rows: Any = RunRows(run=run, stages=stages)
    return RunContext(
        run=run,
        short_id=_short_id(run),
        imports=_imports(run),
        heading=f"{run.mode} {_label(run)} into" if _imports(run) else "remove from",
        seconds=f"{(run.finished_at - run.started_at).total_seconds():.1f} s" if run.finished_at else "",
        warnings=tuple(coded(brief(warning)) for warning in run.warnings),
        outcome=_outcome(run, stages, abandoned=abandoned),
        kind=_kind(run, stages, abandoned=abandoned),
        abandoned=abandoned,
        moving=run.state == State.RUNNING or stages.unsettled,
        phases=_phases(run, stages, abandoned=abandoned),
        collateral=_collateral(run) if run.removed_count else 0,
        kept=_kept(run),
        page=Paginator(rows, ROWS_PER_PAGE).get_page(page),
        has_containers=stages.any,
        unsettled=stages.unsettled,
        failing_count=stages.failing_count,
    )


def run_lines(runs: Iterable[ImportRun]) -> list[RunLine]:
    """Several runs: the states of their containers are queried for all together."""
    shown = list(runs)
    standing = unsettled([run.pk for run in shown])
    return [run_line(run, progress=standing.get(run.pk, {})) for run in shown]


def run_line(run: ImportRun, *, progress: Mapping[str, Progress]) -> RunLine:
    """A run with what is known of its containers."""
    stages = Stages(import_id=run.pk, known=progress)
    return RunLine(
        run=run,
        short_id=_short_id(run),
        label=_label(run),
        counts=signed_counts(
            created=run.created_count,
            kept=_kept(run),
            removed=run.removed_count,
            updated=run.updated_count,
            moved=run.moved_count,
        ),
        result=_result(run, stages, abandoned=_abandoned(run)),
    )


def latest_runs(user: AnyUser, *, to: Right | None = None) -> QuerySet[ImportRun]:
    """The runs of the organizations the user may see, latest first. Denied without the right `to`."""
    visible = Organization.objects.visible_to(user, to=to)
    return ImportRun.objects.filter(organization__in=visible).select_related("organization").order_by("-started_at")


def _short_id(run: ImportRun) -> str:
    return str(run.pk)[:8]


def _label(run: ImportRun) -> str:
    return run.source or run.template_name


def _imports(run: ImportRun) -> bool:
    """Whether it applied a template; else it removed chosen workspaces."""
    return run.mode != Mode.REMOVE


def _abandoned(run: ImportRun) -> bool:
    return run.state == State.RUNNING and owner_is_gone(run)


def _result(run: ImportRun, stages: Stages, *, abandoned: bool) -> RunResult:
    """`done` only if its containers are as desired, too."""
    if run.state == State.REFUSED:
        return RunResult(kind="refused", sign="#", word="refused, nothing changed")
    if run.state == State.FAILED:
        return RunResult(kind="fail", sign="×", word="failed, nothing changed")
    if run.state == State.RUNNING:
        return RunResult(kind="run", sign="…", word="interrupted" if abandoned else "running")
    if stages.unsettled:
        failing = stages.failing_count
        return RunResult(kind="retry" if failing else "run", sign="!" if failing else "…", word=stages.standing)
    if run.reconcile_errors:
        return RunResult(kind="retry", sign="!", word=f"done, kept {plural(len(run.reconcile_errors), 'leftover')}")
    if run.left_running_count:
        return RunResult(kind="retry", sign="!", word=f"done, left {plural(run.left_running_count, 'duplicate')}")
    return _DONE


def _kind(run: ImportRun, stages: Stages, *, abandoned: bool) -> str:
    if stages.failing_count:
        return "warn"
    if stages.unsettled:
        return ""
    kind = _result(run, stages, abandoned=abandoned).kind
    return {"fail": "err", "run": "warn" if abandoned else "", "retry": "warn", "ok": "done"}.get(kind, kind)


def _outcome(run: ImportRun, stages: Stages, *, abandoned: bool) -> str:
    """`Done. 8 workspaces removed, 9 kept; 9 are live.`"""
    if run.state == State.FAILED:
        return "Failed. Nothing was changed."
    if run.state == State.REFUSED:
        return "Refused: a safety worked. Nothing was changed by this run."
    if abandoned:
        return "Interrupted. The process that ran this import is gone; the run will be closed as interrupted."
    if run.state == State.RUNNING:
        return "Running. All of it becomes visible at once, when it is done."
    did = "".join(f"{plural(count, 'workspace')} {word}, " for word, count in _changes(run) if count)
    nothing = "" if did else "Nothing had to change. "
    lead = "Not done yet." if stages.unsettled else "Done."
    kept = f"{_kept(run):,} kept; " if _imports(run) else ""
    differ = f" {run.differs_count:,} differ{'s' if run.differs_count == 1 else ''} from the template."
    left = differ if run.differs_count else ""
    return f"{lead} {nothing}{did}{kept}{run.live_after:,} are live.{left}{stages.text}"


def _changes(run: ImportRun) -> tuple[tuple[str, int], ...]:
    """Its changes, in the order of the signs."""
    return (
        ("created", run.created_count),
        ("updated", run.updated_count),
        ("moved", run.moved_count),
        ("removed", run.removed_count),
    )


def _kept(run: ImportRun) -> int:
    return run.skipped_count - run.updated_count - run.moved_count


def _phases(run: ImportRun, stages: Stages, *, abandoned: bool) -> tuple[Phase, ...]:
    if run.state == State.RUNNING and not abandoned:
        return _RUNNING
    if run.state != State.COMPLETED:
        return ()
    kept = f"{run.created_count:,} created, {_kept(run):,} kept."
    changed = f"{run.updated_count:,} updated, {run.moved_count:,} moved."
    # a container that is made anew belongs to what was created, if anything was
    made = _containers("Create", stages.coming, kept) if run.created_count else None
    again = None if run.created_count else _containers("Update and move", stages.coming, changed)
    first = (
        Phase(name="Check plan", result=_DONE, done=1, total=1, text="The plan matched the live tree."),
        made or _phase("Create", run.created_count, kept, none=kept),
        again or _phase("Update and move", run.updated_count + run.moved_count, changed, none=changed),
    )
    return (
        *(first if _imports(run) else ()),
        _phase("Remove", run.removed_count, "Tokens revoked, schedules disabled.", none="0 to remove."),
        _containers("Tear down", stages.going, "Containers, and volumes that nobody keeps.")
        or _phase("Tear down", run.removed_count, "No container stood behind them.", none="Nothing held."),
    )


def _collateral(run: ImportRun) -> int:
    """The number of removed ones that the template did not name, from the run's last event."""
    # No LIMIT 1: for that the planner would rather read the table from its end.
    ends = list(StructureEvent.objects.filter(import_id=run.pk, event_type=IMPORT_COMPLETED.name).order_by())
    return payload_as(ends[0], ImportCompleted)["collateral_count"] if ends else 0


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
    Phase(name="Update and move", result=_WAITING, done=0, total=1, text="Then each place belongs to its owner."),
    Phase(name="Remove", result=_WAITING, done=0, total=1, text="Comes last: what fails before has removed nothing."),
    Phase(name="Tear down", result=_WAITING, done=0, total=1, text="After that, in the background."),
)
_NOTHING = RunResult(kind="wait", sign="·", word="nothing to do")


def _phase(name: str, count: int, text: str, *, none: str) -> Phase:
    if not count:
        return Phase(name=name, result=_NOTHING, done=1, total=1, text=none)
    result = RunResult(kind="ok", sign="✓", word=f"{count:,} of {count:,}")
    return Phase(name=name, result=result, done=count, total=count, text=text)
