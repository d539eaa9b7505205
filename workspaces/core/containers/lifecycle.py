"""The states of a container and their transitions: desired and seen → step → outcome → row and event.

`convergence.py` chooses the step. The whole table stands in docs/engines.md; tests compare it with the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum


class Desired(StrEnum):
    """The decision of people: the column `desired`."""

    RUNNING = "running"
    ABSENT = "absent"


class ContainerState(Enum):
    """The container's state on the engine now; None stands for no container."""

    STARTING = "starting"  # it will run, or try again, by itself
    RUNNING = "running"
    STOPPED = "stopped"  # also one that was made and never started


class Step(Enum):
    """The next action on a container."""

    START = "start"
    CONFIRM = "confirm"  # it runs, as it should
    DELIVER = "deliver"  # it runs with an older configuration
    WAIT = "wait"
    REPORT = "report"  # it was started and does not run, or must be kept for now
    ASK_TO_STOP = "ask to stop"
    REMOVE = "remove"  # the container, then its volumes unless they stay


class Outcome(Enum):
    """The end of a step."""

    STARTING = "starting"
    RUNS = "runs"
    DELIVERED = "delivered"
    STOPPING = "stopping"
    GONE = "gone"
    LOST = "lost"  # it was started, and does not run
    HELD = "held back"  # a removal that is not allowed now
    FAILED = "failed"  # the engine refused, or did not answer
    UNDELIVERED = "undelivered"  # the same of a delivery: the container runs on
    UNTRIED = "untried"  # another decision came before the engine's call


class Observed(StrEnum):
    """The last known state: the column `observed`."""

    ABSENT = "absent"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"


OUTCOMES: Mapping[Desired, Mapping[Step, Outcome]] = {
    Desired.RUNNING: {
        Step.START: Outcome.STARTING,  # whether it runs, the engine is asked the next time
        Step.CONFIRM: Outcome.RUNS,
        Step.DELIVER: Outcome.DELIVERED,
        Step.WAIT: Outcome.STARTING,
        Step.REPORT: Outcome.LOST,
    },
    Desired.ABSENT: {
        Step.ASK_TO_STOP: Outcome.STOPPING,
        Step.WAIT: Outcome.STOPPING,
        Step.REMOVE: Outcome.GONE,
        Step.REPORT: Outcome.HELD,
    },
}
"""Where the engine does what it is asked."""

ERRORS = frozenset({Outcome.LOST, Outcome.HELD, Outcome.FAILED, Outcome.UNDELIVERED})

OBSERVED_AFTER: Mapping[Outcome, Observed] = {
    Outcome.STARTING: Observed.STARTING,
    Outcome.RUNS: Observed.RUNNING,
    Outcome.STOPPING: Observed.STOPPING,
    Outcome.GONE: Observed.ABSENT,
}
"""What the row says from then on; after any other outcome it says what it said."""
