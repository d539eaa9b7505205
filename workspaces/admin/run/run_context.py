"""A run as the pages show it: its outcome in one sentence, its phases, its way back, its operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.safestring import SafeString

from audit.event_payloads import ImportCompleted
from audit.event_types import IMPORT_COMPLETED
from audit.models import StructureEvent
from audit.payload import payload_as
from workspaces.admin.run.run_phases import Phase, phases_of
from workspaces.admin.run.run_results import RunResult, is_abandoned, kept_by, kind_of, outcome_of, result_of
from workspaces.admin.run.run_rows import RunPageRow, RunRows
from workspaces.admin.run.run_stages import Progress, Stages, unsettled
from workspaces.admin.run.run_words import deed_of, heading_of, imports, label_of
from workspaces.admin.run.undo_note import UndoNote, undo_note
from workspaces.admin.shared.badges import coded
from workspaces.core.plan_words import signed_counts
from workspaces.core.planning.plan_values import Mode
from workspaces.core.validating.validation_context import brief
from workspaces.models import ImportRun

ROWS_PER_PAGE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class RunLine:
    """One run in a list."""

    run: ImportRun
    short_id: str
    label: str
    deed: str  # `merge of dev.yaml`
    counts: str
    result: RunResult


@dataclass(frozen=True, kw_only=True, slots=True)
class RunContext:
    """The context of run.html, read and worded: the template starts no query."""

    run: ImportRun
    short_id: str
    imports: bool  # it applied a template
    removes: bool  # it removed chosen workspaces
    heading: str  # `merge team.yaml into`, or `remove from`: the organization's name follows
    seconds: str
    warnings: tuple[SafeString, ...]

    # the outcome
    outcome: str
    kind: str  # the class of its box
    abandoned: bool  # open although its process is gone
    moving: bool  # there is something to wait for: the import, or the containers after it
    undo: UndoNote | None
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
    stages, abandoned = Stages(import_id=run.pk), is_abandoned(run)
    rows: Any = RunRows(run=run, stages=stages)
    return RunContext(
        run=run,
        short_id=_short_id(run),
        imports=imports(run),
        removes=run.mode == Mode.REMOVE,
        heading=heading_of(run),
        seconds=f"{(run.finished_at - run.started_at).total_seconds():.1f} s" if run.finished_at else "",
        warnings=tuple(coded(brief(warning)) for warning in run.warnings),
        outcome=outcome_of(run, stages, abandoned=abandoned),
        kind=kind_of(run, stages, abandoned=abandoned),
        abandoned=abandoned,
        moving=run.state == ImportRun.State.RUNNING or stages.unsettled,
        undo=undo_note(run, stages),
        phases=phases_of(run, stages, abandoned=abandoned),
        collateral=_collateral(run) if run.removed_count else 0,
        kept=kept_by(run),
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
        label=label_of(run),
        deed=deed_of(run),
        counts=signed_counts(
            created=run.created_count,
            kept=kept_by(run),
            removed=run.removed_count,
            updated=run.updated_count,
            moved=run.moved_count,
            restored=run.restored_count,
        ),
        result=result_of(run, stages, abandoned=is_abandoned(run)),
    )


def _short_id(run: ImportRun) -> str:
    return str(run.pk)[:8]


def _collateral(run: ImportRun) -> int:
    """The number of removed ones that were not named, from the run's last event."""
    # No LIMIT 1: for that the planner would rather read the table from its end.
    ends = list(StructureEvent.objects.filter(import_id=run.pk, event_type=IMPORT_COMPLETED.name).order_by())
    return payload_as(ends[0], ImportCompleted)["collateral_count"] if ends else 0
