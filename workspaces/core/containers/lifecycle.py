"""The words for a container's life, and what follows from what: desired and seen → step → outcome → row and event.

`convergence.py` chooses the step. The whole table stands in docs/engines.md; a test compares it with these functions.
"""

from __future__ import annotations

from enum import Enum, StrEnum


class Desired(StrEnum):
    """What people decided: the column `desired`."""

    RUNNING = "running"
    ABSENT = "absent"


class State(Enum):
    """What the engine says of a container now; None stands for no container."""

    STARTING = "starting"  # it will run, or try again, by itself
    RUNNING = "running"
    STOPPED = "stopped"  # also one that was made and never started


class Step(Enum):
    """What to do with a container now."""

    START = "start"
    CONFIRM = "confirm"  # it runs, as it should
    WAIT = "wait"
    REPORT = "report"  # it was started and does not run, or is to go and may not
    ASK_TO_STOP = "ask to stop"
    REMOVE = "remove"  # the container, then its volumes


class Outcome(Enum):
    """How a step ended."""

    STARTING = "starting"
    RUNS = "runs"
    STOPPING = "stopping"
    GONE = "gone"
    LOST = "lost"  # it was started, and does not run
    HELD = "held back"  # a removal that nobody may carry out now
    FAILED = "failed"  # the engine said no, or did not answer
    UNTRIED = "untried"  # something else was decided before the engine was asked

    @property
    def is_error(self) -> bool:
        return self in (Outcome.LOST, Outcome.HELD, Outcome.FAILED)


class Observed(StrEnum):
    """What a worker last knew: the column `observed`."""

    ABSENT = "absent"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"


def outcome_of(step: Step, *, desired: Desired) -> Outcome:
    """Where the engine does what it is asked."""
    match step:
        case Step.START:
            return Outcome.STARTING  # whether it runs, the engine is asked the next time
        case Step.CONFIRM:
            return Outcome.RUNS
        case Step.WAIT:
            return Outcome.STARTING if desired is Desired.RUNNING else Outcome.STOPPING
        case Step.REPORT:
            return Outcome.LOST if desired is Desired.RUNNING else Outcome.HELD
        case Step.ASK_TO_STOP:
            return Outcome.STOPPING
        case Step.REMOVE:
            return Outcome.GONE


def observed_after(outcome: Outcome) -> Observed | None:
    """What the row says from then on; None where it stays as it is."""
    return {
        Outcome.STARTING: Observed.STARTING,
        Outcome.RUNS: Observed.RUNNING,
        Outcome.STOPPING: Observed.STOPPING,
        Outcome.GONE: Observed.ABSENT,
    }.get(outcome)
