"""How a run ended, in a few words and in one sentence."""

from __future__ import annotations

from dataclasses import dataclass

from lib.text import plural
from workspaces.admin.run.run_stages import Stages
from workspaces.admin.run.run_words import imports
from workspaces.models import ImportRun
from workspaces.services.plans.abandoned_runs import owner_is_gone

State = ImportRun.State


@dataclass(frozen=True, kw_only=True, slots=True)
class RunResult:
    """How a run ended, in a few words; `kind` is its class in the stylesheet."""

    kind: str
    sign: str
    word: str


DONE = RunResult(kind="ok", sign="✓", word="done")


def is_abandoned(run: ImportRun) -> bool:
    """Whether it is open although its process is gone."""
    return run.state == State.RUNNING and owner_is_gone(run)


def kept_by(run: ImportRun) -> int:
    """The number of matched workspaces that it left as they were."""
    return run.skipped_count - run.updated_count - run.moved_count


def result_of(run: ImportRun, stages: Stages, *, abandoned: bool) -> RunResult:
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
    if run.undone_by:
        return RunResult(kind="undone", sign="^", word=f"undone by #{run.undone_by.number}")
    if kept := len(run.reconcile_errors):
        what = plural(kept, "leftover") if imports(run) else f"{kept:,} as they are"
        return RunResult(kind="retry", sign="!", word=f"done, kept {what}")
    if run.left_running_count:
        return RunResult(kind="retry", sign="!", word=f"done, left {plural(run.left_running_count, 'duplicate')}")
    return DONE


def kind_of(run: ImportRun, stages: Stages, *, abandoned: bool) -> str:
    """The class of the box with the outcome."""
    if stages.failing_count:
        return "warn"
    if stages.unsettled:
        return ""
    kind = result_of(run, stages, abandoned=abandoned).kind
    classes = {"fail": "err", "run": "warn" if abandoned else "", "retry": "warn", "ok": "done", "undone": "done"}
    return classes.get(kind, kind)


def outcome_of(run: ImportRun, stages: Stages, *, abandoned: bool) -> str:
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
    kept = f"{kept_by(run):,} kept; " if imports(run) else ""
    differ = f" {run.differs_count:,} differ{'s' if run.differs_count == 1 else ''} from the template."
    left = differ if run.differs_count else ""
    return f"{lead} {nothing}{did}{kept}{run.live_after:,} are live.{left}{stages.text}"


def _changes(run: ImportRun) -> tuple[tuple[str, int], ...]:
    """Its changes, in the order of the signs."""
    return (
        ("restored", run.restored_count),
        ("created", run.created_count),
        ("updated", run.updated_count),
        ("moved", run.moved_count),
        ("removed", run.removed_count),
    )
