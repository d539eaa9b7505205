"""The phases of a run: how far it is, and after it its containers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lib.text import plural
from workspaces.admin.run.run_results import DONE, RunResult, kept_by
from workspaces.admin.run.run_stages import Progress, Stages
from workspaces.core.planning.plan_values import Mode
from workspaces.models import ImportRun

State = ImportRun.State


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """One of the steps of a run: `done` of `total`, None while unknown, and a sentence."""

    name: str
    result: RunResult
    done: int | None
    total: int
    text: str


def phases_of(run: ImportRun, stages: Stages, *, abandoned: bool) -> tuple[Phase, ...]:
    """Five; of a direct removal only the last two. None of a run that changed nothing."""
    if run.state == State.RUNNING and not abandoned:
        return _RUNNING if run.mode != Mode.UNDO else (_RUNNING[0], replace(_RUNNING[1], name="Restore"), *_RUNNING[2:])
    if run.state != State.COMPLETED:
        return ()
    return (
        *(() if run.mode == Mode.REMOVE else _coming(run, stages)),
        _phase("Remove", run.removed_count, "Tokens revoked, schedules disabled.", none="0 to remove."),
        _containers("Tear down", stages.going, "Containers, and volumes that nobody keeps.")
        or _phase("Tear down", run.removed_count, "No container stood behind them.", none="Nothing held."),
    )


def _coming(run: ImportRun, stages: Stages) -> tuple[Phase, ...]:
    undo = run.mode == Mode.UNDO
    came = run.restored_count if undo else run.created_count
    name = "Restore" if undo else "Create"
    told = f"{came:,} restored; they get new tokens." if undo else f"{came:,} created, {kept_by(run):,} kept."
    none = "0 to restore." if undo else told
    changed = f"{run.updated_count:,} {'put back' if undo else 'updated'}, {run.moved_count:,} moved."
    # a container that is made anew belongs to what came, if anything did
    made = _containers(name, stages.coming, told) if came else None
    again = None if came else _containers("Update and move", stages.coming, changed)
    return (
        Phase(name="Check plan", result=DONE, done=1, total=1, text="The plan matched the live tree."),
        made or _phase(name, came, told, none=none),
        again or _phase("Update and move", run.updated_count + run.moved_count, changed, none=changed),
    )


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


_WORKING = RunResult(kind="run", sign="…", word="running")
_WAITING = RunResult(kind="wait", sign="·", word="waits")
_RUNNING = (
    Phase(
        name="Check plan",
        result=_WORKING,
        done=None,
        total=1,
        text="Comparing with the live tree, one run at a time.",
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
