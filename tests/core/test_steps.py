"""What has to happen next with a container, and how long to wait after a failure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workspaces.core.containers.convergence import (
    LONG_RUN,
    PATIENCE,
    PROBATION,
    STEADY,
    delay,
    look_again,
    loss_told,
    losses_now,
    next_step,
    pause,
)
from workspaces.core.containers.lifecycle import ContainerState, Desired, Step

RUNNING, ABSENT = Desired.RUNNING, Desired.ABSENT
NOW = datetime(2026, 1, 1, 20, 13, tzinfo=UTC)
GRACE = timedelta(seconds=10)
LATE = timedelta(seconds=3)  # as long as STEADY
JUST_NOW, LONG_AGO = NOW - timedelta(seconds=9), NOW - GRACE


@pytest.mark.parametrize(
    ("found", "step"),
    [
        (None, Step.START),
        (ContainerState.STOPPED, Step.START),
        (ContainerState.STARTING, Step.WAIT),
        (ContainerState.RUNNING, Step.CONFIRM),
    ],
)
def test_towards_running(found: ContainerState | None, step: Step) -> None:
    assert next_step(desired=RUNNING, found=found, asked_at=None, grace=GRACE, now=NOW) is step


@pytest.mark.parametrize(
    ("found", "asked_at", "step"),
    [
        (ContainerState.RUNNING, JUST_NOW, Step.CONFIRM),
        (ContainerState.RUNNING, NOW, Step.WAIT),
        (ContainerState.STARTING, JUST_NOW, Step.WAIT),
        (ContainerState.STARTING, NOW - PATIENCE, Step.REPORT),
        (ContainerState.STOPPED, JUST_NOW, Step.REPORT),
        (None, JUST_NOW, Step.REPORT),
    ],
)
def test_once_it_was_asked_to_start(found: ContainerState | None, asked_at: datetime, step: Step) -> None:
    assert next_step(desired=RUNNING, found=found, asked_at=asked_at, grace=GRACE, now=NOW) is step


@pytest.mark.parametrize(
    ("found", "asked_at", "step"),
    [
        (ContainerState.RUNNING, None, Step.ASK_TO_STOP),
        (ContainerState.STARTING, None, Step.ASK_TO_STOP),
        (ContainerState.RUNNING, JUST_NOW, Step.WAIT),
        (ContainerState.RUNNING, LONG_AGO, Step.REMOVE),
        (ContainerState.STOPPED, JUST_NOW, Step.REMOVE),
        (ContainerState.STOPPED, None, Step.REMOVE),
        (None, None, Step.REMOVE),
    ],
)
def test_towards_nothing(found: ContainerState | None, asked_at: datetime | None, step: Step) -> None:
    assert next_step(desired=ABSENT, found=found, asked_at=asked_at, grace=GRACE, now=NOW) is step


@pytest.mark.parametrize(
    ("asked", "pause"), [(0.0, 0.1), (0.2, 0.1), (2.0, 1.0), (5.0, 2.0), (9.5, 0.5), (10.0, 2.0), (60.0, 2.0)]
)
def test_the_looks_become_rarer_and_one_falls_on_the_end_of_the_grace(asked: float, pause: float) -> None:
    asked_at = NOW - timedelta(seconds=asked)
    assert look_again(desired=ABSENT, asked_at=asked_at, grace=GRACE, now=NOW) - NOW == timedelta(seconds=pause)


def test_what_starts_is_looked_at_the_moment_it_counts_as_running() -> None:
    asked_at = NOW - STEADY + timedelta(seconds=0.5)
    assert look_again(desired=RUNNING, asked_at=asked_at, grace=GRACE, now=NOW) == asked_at + STEADY


@pytest.mark.parametrize("desired", list(Desired))
def test_looks_that_come_close_together_are_one(desired: Desired) -> None:
    """Whoever was asked a little later is looked at with the others, and never before its time is over."""
    nearly = [timedelta(milliseconds=each) for each in range(1, 100, 7)]
    looks = {look_again(desired=desired, asked_at=NOW - LATE + each, grace=LATE, now=NOW) for each in nearly}
    assert looks == {NOW + timedelta(seconds=0.1)}


def test_the_delay_doubles_up_to_a_minute() -> None:
    assert [delay(n, jitter=0).total_seconds() for n in (1, 2, 3, 6, 7, 1_000)] == [1, 2, 4, 32, 60, 60]


def test_jitter_spreads_over_a_quarter_of_the_delay() -> None:
    assert delay(3, jitter=1) == timedelta(seconds=5)


# ---- losses


@pytest.mark.parametrize(("losses", "step"), [(0, Step.CONFIRM), (2, Step.CONFIRM), (3, Step.WAIT), (9, Step.WAIT)])
@pytest.mark.parametrize("asked_at", [None, NOW - PROBATION + timedelta(seconds=1)])
def test_what_was_lost_again_and_again_is_not_called_running_at_once(
    losses: int, step: Step, asked_at: datetime | None
) -> None:
    found = ContainerState.RUNNING
    assert next_step(desired=RUNNING, found=found, asked_at=asked_at, grace=GRACE, now=NOW, losses=losses) is step


def test_after_its_probation_it_is() -> None:
    asked_at = NOW - PROBATION
    assert (
        next_step(desired=RUNNING, found=ContainerState.RUNNING, asked_at=asked_at, grace=GRACE, now=NOW, losses=7)
        is Step.CONFIRM
    )


@pytest.mark.parametrize(("asked", "later"), [(2.0, 1.0), (20.0, 10.0), (100.0, 30.0), (290.0, 10.0)])
def test_in_its_probation_it_is_looked_at_rarely_and_when_that_ends(asked: float, later: float) -> None:
    asked_at = NOW - timedelta(seconds=asked)
    assert look_again(desired=RUNNING, asked_at=asked_at, grace=GRACE, now=NOW, losses=3) - NOW == timedelta(
        seconds=later
    )


def test_the_pause_after_a_loss_grows_up_to_half_an_hour() -> None:
    assert [pause(n).total_seconds() for n in (0, 1, 2, 3, 7, 9, 10, 1_000)] == [0, 0, 8, 16, 256, 1_024, 1_800, 1_800]


def test_what_ran_for_long_starts_anew() -> None:
    assert losses_now(7, ran=LONG_RUN) == 1
    assert losses_now(7, ran=LONG_RUN - timedelta(seconds=1)) == 8


def test_the_series_is_told_from_the_second_loss_on() -> None:
    assert loss_told("Its container is gone.", 1) == "Its container is gone."
    told = "Its container is gone. It was lost 7 times without 10 minutes of running in between."
    assert loss_told("Its container is gone.", 7) == told


# ---- what does not fit


@pytest.mark.parametrize("found", [ContainerState.RUNNING, ContainerState.STARTING, ContainerState.STOPPED])
@pytest.mark.parametrize("asked_at", [None, JUST_NOW])
def test_what_is_one_too_many_or_of_an_earlier_generation_is_put_right_by_a_start(
    found: ContainerState, asked_at: datetime | None
) -> None:
    assert next_step(desired=RUNNING, found=found, asked_at=asked_at, grace=GRACE, now=NOW, fits=False) is Step.START


@pytest.mark.parametrize("asked_at", [None, JUST_NOW])
def test_an_older_configuration_is_delivered_to_what_runs(asked_at: datetime | None) -> None:
    found = ContainerState.RUNNING
    step = next_step(desired=RUNNING, found=found, asked_at=asked_at, grace=GRACE, now=NOW, current=False)
    assert step is Step.DELIVER


def test_one_of_an_earlier_generation_gets_no_delivery_but_a_start() -> None:
    found = ContainerState.RUNNING
    step = next_step(desired=RUNNING, found=found, asked_at=None, grace=GRACE, now=NOW, fits=False, current=False)
    assert step is Step.START


def test_of_what_is_to_go_all_goes() -> None:
    step = next_step(desired=ABSENT, found=ContainerState.RUNNING, asked_at=None, grace=GRACE, now=NOW, fits=False)
    assert step is Step.ASK_TO_STOP
