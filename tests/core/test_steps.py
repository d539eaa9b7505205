"""What has to happen next with a container, and how long to wait after a failure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workspaces.core.steps import PATIENCE, STEADY, State, Step, delay, look_again, next_step

NOW = datetime(2026, 1, 1, 20, 13, tzinfo=UTC)
GRACE = timedelta(seconds=10)
LATE = timedelta(seconds=3)  # as long as STEADY
JUST_NOW, LONG_AGO = NOW - timedelta(seconds=9), NOW - GRACE


@pytest.mark.parametrize(
    ("found", "step"),
    [
        (None, Step.START),
        (State.STOPPED, Step.START),
        (State.STARTING, Step.WAIT),
        (State.RUNNING, Step.CONFIRM),
    ],
)
def test_towards_running(found: State | None, step: Step) -> None:
    assert next_step(wanted=True, found=found, asked_at=None, grace=GRACE, now=NOW) is step


@pytest.mark.parametrize(
    ("found", "asked_at", "step"),
    [
        (State.RUNNING, JUST_NOW, Step.CONFIRM),
        (State.RUNNING, NOW, Step.WAIT),
        (State.STARTING, JUST_NOW, Step.WAIT),
        (State.STARTING, NOW - PATIENCE, Step.REPORT),
        (State.STOPPED, JUST_NOW, Step.REPORT),
        (None, JUST_NOW, Step.REPORT),
    ],
)
def test_once_it_was_asked_to_start(found: State | None, asked_at: datetime, step: Step) -> None:
    assert next_step(wanted=True, found=found, asked_at=asked_at, grace=GRACE, now=NOW) is step


@pytest.mark.parametrize(
    ("found", "asked_at", "step"),
    [
        (State.RUNNING, None, Step.ASK_TO_STOP),
        (State.STARTING, None, Step.ASK_TO_STOP),
        (State.RUNNING, JUST_NOW, Step.WAIT),
        (State.RUNNING, LONG_AGO, Step.REMOVE),
        (State.STOPPED, JUST_NOW, Step.REMOVE),
        (State.STOPPED, None, Step.REMOVE),
        (None, None, Step.REMOVE),
    ],
)
def test_towards_nothing(found: State | None, asked_at: datetime | None, step: Step) -> None:
    assert next_step(wanted=False, found=found, asked_at=asked_at, grace=GRACE, now=NOW) is step


@pytest.mark.parametrize(
    ("asked", "pause"), [(0.0, 0.1), (0.2, 0.1), (2.0, 1.0), (5.0, 2.0), (9.5, 0.5), (10.0, 2.0), (60.0, 2.0)]
)
def test_the_looks_become_rarer_and_one_falls_on_the_end_of_the_grace(asked: float, pause: float) -> None:
    asked_at = NOW - timedelta(seconds=asked)
    assert look_again(wanted=False, asked_at=asked_at, grace=GRACE, now=NOW) - NOW == timedelta(seconds=pause)


def test_what_starts_is_looked_at_the_moment_it_counts_as_running() -> None:
    asked_at = NOW - STEADY + timedelta(seconds=0.5)
    assert look_again(wanted=True, asked_at=asked_at, grace=GRACE, now=NOW) == asked_at + STEADY


@pytest.mark.parametrize("wanted", [True, False])
def test_looks_that_come_close_together_are_one(wanted: bool) -> None:
    """Whoever was asked a little later is looked at with the others, and never before its time is over."""
    nearly = [timedelta(milliseconds=each) for each in range(1, 100, 7)]
    looks = {look_again(wanted=wanted, asked_at=NOW - LATE + each, grace=LATE, now=NOW) for each in nearly}
    assert looks == {NOW + timedelta(seconds=0.1)}


def test_the_delay_doubles_up_to_a_minute() -> None:
    assert [delay(n, jitter=0).total_seconds() for n in (1, 2, 3, 6, 7, 1_000)] == [1, 2, 4, 32, 60, 60]


def test_jitter_spreads_over_a_quarter_of_the_delay() -> None:
    assert delay(3, jitter=1) == timedelta(seconds=5)
