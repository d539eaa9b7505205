"""What has to happen next so that a container becomes what it should be. The worker only carries it out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum

FIRST_DELAY = 1.0  # seconds after the first failure; doubled after each further one
LONGEST_DELAY = 60.0
FAILED_AFTER = 3  # failures in a row; then it is called failed, and the attempts go on
PATIENCE = timedelta(seconds=60)  # with a container that tries to start by itself
STEADY = timedelta(seconds=3)  # after its start, a container that still runs counts as running
SOONEST, LATEST = timedelta(seconds=0.05), timedelta(seconds=2)  # between two looks at one that was asked
TOGETHER = timedelta(seconds=0.1)  # looks fall on tenths of a second: the engine is asked for all of them at once


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class State(Enum):
    """A workspace's container as the engine tells it; None stands for no container."""

    STARTING = "starting"  # it will run, or try again, by itself
    RUNNING = "running"
    STOPPED = "stopped"  # also one that was made and never started


class Step(Enum):
    """What to do with a container now."""

    START = "start"
    CONFIRM = "confirm"  # it runs, as it should
    WAIT = "wait"
    REPORT = "report"  # it was started, and does not run
    ASK_TO_STOP = "ask to stop"
    REMOVE = "remove"  # the container, then its volumes


def next_step(*, wanted: bool, found: State | None, asked_at: datetime | None, grace: timedelta, now: datetime) -> Step:
    """`wanted`: it should run; else nothing of it should be left. `asked_at`: when it was asked to start, or to stop.

    Who is asked to stop has `grace` to do so. All are asked first and watched then: nobody waits for one of them.
    """
    asked = None if asked_at is None else now - asked_at
    if wanted:
        return _towards_running(found, asked)
    if found in (None, State.STOPPED):
        return Step.REMOVE
    if asked is None:
        return Step.ASK_TO_STOP
    return Step.REMOVE if asked >= grace else Step.WAIT


def _towards_running(found: State | None, asked: timedelta | None) -> Step:
    match found:
        case State.RUNNING:
            return Step.CONFIRM if asked is None or asked >= STEADY else Step.WAIT
        case State.STARTING:
            return Step.REPORT if asked is not None and asked >= PATIENCE else Step.WAIT
        case State.STOPPED if asked is not None:
            return Step.REPORT
    return Step.START


def look_again(*, wanted: bool, asked_at: datetime, grace: timedelta, now: datetime) -> datetime:
    """When to look next at a container that was asked to start, or to stop.

    Most have done so at once, others take long: so the looks become rarer, each after half the time that has passed.
    One falls on the moment at which the step changes, because the time is over, or right after it.
    """
    pause = min(max((now - asked_at) / 2, SOONEST), LATEST)
    ends = asked_at + (STEADY if wanted else grace)
    wished = min(now + pause, ends) if ends > now else now + pause
    return wished + (_EPOCH - wished) % TOGETHER


def delay(failures: int, *, jitter: float) -> timedelta:
    """How long to wait after so many failures in a row, at least one; `jitter`, 0 to 1, spreads those that failed
    together over a quarter of the time."""
    seconds = min(FIRST_DELAY * 2.0 ** min(failures - 1, 30), LONGEST_DELAY)
    return timedelta(seconds=seconds * (1 + jitter / 4))
