"""The next step to bring a container to its desired state. The worker only carries it out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from workspaces.core.containers.lifecycle import ContainerState, Desired, Step

FIRST_DELAY = 1.0  # seconds after the first failure; doubled after each further one
LONGEST_DELAY = 60.0
FAILED_AFTER = 3  # failures in a row; then it is called failed, and the attempts go on
PATIENCE = timedelta(seconds=60)  # with a container that tries to start by itself
STEADY = timedelta(seconds=3)  # after its start, a container that still runs counts as running
SOONEST, LATEST = timedelta(seconds=0.05), timedelta(seconds=2)  # between two looks after a request
LOST_AFTER = 3  # losses since its last long run; then it is called failed, and has to stay up for the probation
PROBATION, RARELY = timedelta(minutes=5), timedelta(seconds=30)  # and how often it is looked at meanwhile
LONG_RUN = timedelta(minutes=10)  # one that ran so long starts anew: its next loss is its first
# Seconds until the start after the second loss, doubled with each further one.
FIRST_PAUSE, LONGEST_PAUSE = 8.0, 1_800.0
TOGETHER = timedelta(seconds=0.1)  # looks fall on tenths of a second, so that one request serves many


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_step(
    *,
    desired: Desired,
    found: ContainerState | None,
    asked_at: datetime | None,
    grace: timedelta,
    now: datetime,
    fits: bool = True,
    current: bool = True,
    losses: int = 0,
    held_back: bool = False,
) -> Step:
    """`asked_at`: the time of the request to start or stop. `fits`: only one container was found, of the newest
    generation; else a start corrects that. `current`: it has the newest configuration; else that is delivered to it
    while it runs, and a start brings it anyway. `held_back`: nothing may be removed now.

    A container has `grace` to stop. All are asked first and watched then, so that none waits for another one's grace.
    """
    asked = None if asked_at is None else now - asked_at
    if desired is Desired.RUNNING:
        return _towards_running(found, asked, current=current, losses=losses) if fits else Step.START
    if held_back:
        return Step.REPORT
    if found in (None, ContainerState.STOPPED):
        return Step.REMOVE
    if asked is None:
        return Step.ASK_TO_STOP
    return Step.REMOVE if asked >= grace else Step.WAIT


def _towards_running(found: ContainerState | None, asked: timedelta | None, *, current: bool, losses: int) -> Step:
    match found:
        case ContainerState.RUNNING if not current:
            return Step.DELIVER
        case ContainerState.RUNNING:
            return Step.CONFIRM if _stayed(asked, losses) else Step.WAIT
        case ContainerState.STARTING:
            return Step.REPORT if asked is not None and asked >= PATIENCE else Step.WAIT
    return Step.START if asked is None else Step.REPORT


def _stayed(asked: timedelta | None, losses: int) -> bool:
    """Whether a running container counts as running. One not asked to start counts at once, unless often lost."""
    return losses < LOST_AFTER if asked is None else asked >= steady(losses)


def steady(losses: int) -> timedelta:
    """How long after its start a container that still runs counts as running."""
    return STEADY if losses < LOST_AFTER else PROBATION


def losses_now(losses: int, *, ran: timedelta) -> int:
    """The number of losses, with this one, after a run of that length."""
    return 1 if ran >= LONG_RUN else losses + 1


def pause(losses: int) -> timedelta:
    """The pause before the next start after so many losses: none after the first, then ever longer."""
    return timedelta(seconds=min(FIRST_PAUSE * 2.0 ** min(losses - 2, 30), LONGEST_PAUSE) if losses > 1 else 0)


def loss_told(what: str, losses: int) -> str:
    """A sentence about a loss, and the series that it belongs to."""
    minutes = int(LONG_RUN.total_seconds() // 60)
    series = f"It was lost {losses} times without {minutes} minutes of running in between."
    return what if losses < 2 else f"{what.rstrip('.')}. {series}"


def look_again(*, desired: Desired, asked_at: datetime, grace: timedelta, now: datetime, losses: int = 0) -> datetime:
    """When to look next at a container that was asked to start, or to stop.

    Most have done so at once, others take long: so the looks become rarer, each after half the time that has passed.
    One falls on the end of the time, when the step changes, or right after it.
    """
    starts = desired is Desired.RUNNING
    latest = RARELY if starts and losses >= LOST_AFTER else LATEST
    later = now + min(max((now - asked_at) / 2, SOONEST), latest)
    ends = asked_at + (steady(losses) if starts else grace)
    wished = min(later, ends) if ends > now else later
    return wished + (_EPOCH - wished) % TOGETHER


def delay(failures: int, *, jitter: float) -> timedelta:
    """The wait after so many failures in a row, at least one; `jitter`, 0 to 1, spreads those that failed together over
    a quarter of the time."""
    seconds = min(FIRST_DELAY * 2.0 ** min(failures - 1, 30), LONGEST_DELAY)
    return timedelta(seconds=seconds * (1 + jitter / 4))
