"""The states of a container and their transitions: desired and seen → step → outcome → row and event.

`convergence.py` chooses the step. The whole table stands in docs/engines.md; a test compares it with these functions.
"""

from __future__ import annotations

from enum import Enum, StrEnum


class Desired(StrEnum):
    """The decision of people: the column `desired`."""

    RUNNING = "running"
    ABSENT = "absent"


class State(Enum):
    """The container's state on the engine now; None stands for no container."""

    STARTING = "starting"  # it will run, or try again, by itself
    RUNNING = "running"
    STOPPED = "stopped"  # also one that was made and never started


class Step(Enum):
    """The next action on a container."""

    START = "start"
    CONFIRM = "confirm"  # it runs, as it should
    WAIT = "wait"
    REPORT = "report"  # it was started and does not run, or must be kept for now
    ASK_TO_STOP = "ask to stop"
    REMOVE = "remove"  # the container, then its volumes


class Outcome(Enum):
    """The end of a step."""

    STARTING = "starting"
    RUNS = "runs"
    STOPPING = "stopping"
    GONE = "gone"
    LOST = "lost"  # it was started, and does not run
    HELD = "held back"  # a removal that is not allowed now
    FAILED = "failed"  # the engine refused, or did not answer
    UNTRIED = "untried"  # another decision came before the engine's call

    @property
    def is_error(self) -> bool:
        return self in (Outcome.LOST, Outcome.HELD, Outcome.FAILED)


class Observed(StrEnum):
    """The last known state: the column `observed`."""

    ABSENT = "absent"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"


def outcome_of(step: Step, *, desired: Desired) -> Outcome:
    """The outcome if the engine obeys."""
    match step:
        case Step.START:
            return Outcome.STARTING  # whether it runs is checked the next time
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
    """The row's new state; None if it stays the same."""
    return {
        Outcome.STARTING: Observed.STARTING,
        Outcome.RUNS: Observed.RUNNING,
        Outcome.STOPPING: Observed.STOPPING,
        Outcome.GONE: Observed.ABSENT,
    }.get(outcome)
