"""The worker's runner alone: when a loop runs, what an error does to it and to the others, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from threading import Event, Thread

import pytest

from workspaces.errors import EngineAway
from workspaces.worker.loop import Loop, LoopThread, run_until

PATIENCE = 60.0  # seconds
NEVER = 3_600.0


class Worker:
    """Loops at work; `ended` is what `run_until` returns."""

    def __init__(self, loops: Sequence[Loop]) -> None:
        self.ended: bool | None = None
        self.stopped = Event()
        self._thread = Thread(target=self._run, args=(loops,))
        self._thread.start()

    def _run(self, loops: Sequence[Loop]) -> None:
        self.ended = run_until(self.stopped, loops)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def end(self) -> bool | None:
        self.stopped.set()
        self._thread.join(PATIENCE)
        return self.ended


@contextmanager
def working(*loops: Loop) -> Iterator[Worker]:
    worker = Worker(loops)
    try:
        yield worker
    finally:
        worker.end()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never comes"
        time.sleep(0.005)


def failing() -> None:
    raise ValueError("no")


def test_a_loop_that_raises_stops_no_other_and_is_tried_again() -> None:
    runs, errors = [0], list[Exception]()

    def count() -> None:
        runs[0] += 1

    broken = Loop(name="broken", every=0.01, run_once=failing, on_error=errors.append)
    with working(broken, Loop(name="sound", every=0.01, run_once=count)):
        until(lambda: len(errors) >= 2 and runs[0] >= 10)
    assert {type(error) for error in errors} == {ValueError}


def test_a_loop_that_hangs_holds_up_no_other() -> None:
    answers, runs = Event(), list[int]()
    hanging = Loop(name="hanging", every=0.01, run_once=lambda: answers.wait(PATIENCE) and None)
    with working(hanging, Loop(name="swift", every=0.01, run_once=lambda: runs.append(1))):
        until(lambda: len(runs) >= 10)
        answers.set()


def test_a_loop_runs_no_more_often_than_its_interval() -> None:
    times: list[float] = []
    with working(Loop(name="slow", every=0.05, run_once=lambda: times.append(time.monotonic()))):
        until(lambda: len(times) >= 5)
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.05


def test_it_may_ask_to_run_sooner() -> None:
    runs: list[int] = []

    def run() -> float:
        runs.append(1)
        return 0.0

    with working(Loop(name="eager", every=NEVER, run_once=run)):
        until(lambda: len(runs) >= 3)


def test_a_loop_that_is_woken_is_due_at_once() -> None:
    runs: list[int] = []
    loop = Loop(name="rare", every=NEVER, run_once=lambda: runs.append(1))
    with working(loop):
        until(lambda: len(runs) == 1)
        loop.wake.set()
        until(lambda: len(runs) == 2)


def test_the_pause_after_errors_doubles_up_to_a_limit_and_ends_with_them() -> None:
    errors: list[Exception] = [EngineAway("It does not answer.") for _ in range(6)]

    def run() -> None:
        if errors:
            raise errors.pop()

    thread = LoopThread(Loop(name="engine", every=0.5, run_once=run), ends=Event())
    assert [thread.attempt() for _ in range(8)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 0.5, 0.5]


def test_an_error_that_cannot_be_written_down_ends_no_loop() -> None:
    def away(_: Exception) -> None:
        raise ValueError("nor the database")

    thread = LoopThread(Loop(name="engine", every=0.5, run_once=failing, on_error=away), ends=Event())
    assert [thread.attempt() for _ in range(2)] == [1.0, 2.0]


# ---- the end


def test_the_end_waits_for_what_was_begun() -> None:
    begun, answers, written = Event(), Event(), list[str]()

    def run() -> None:
        begun.set()
        answers.wait(PATIENCE)
        written.append("run")

    def finish() -> bool:
        written.append("finish")
        return True

    with working(Loop(name="engine", every=NEVER, run_once=run, finish=finish)) as worker:
        begun.wait(PATIENCE)
        worker.stopped.set()
        time.sleep(0.05)
        assert worker.alive
        answers.set()
    assert (worker.ended, written) == (True, ["run", "finish"])


def test_what_never_ends_is_not_waited_for_and_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("workspaces.worker.loop.DRAIN", 0.05)
    begun, answers = Event(), Event()
    hanging = Loop(name="hanging", every=NEVER, run_once=lambda: begun.set() or (answers.wait(PATIENCE) and None))
    with working(hanging, Loop(name="swift", every=0.01, run_once=lambda: None)) as worker:
        begun.wait(PATIENCE)
        assert worker.end() is False
        answers.set()
    assert caplog.messages == ["Not ended within 0 s: hanging"]


@pytest.mark.parametrize("ended", [True, False])
def test_a_loop_says_itself_whether_all_that_it_began_has_ended(ended: bool) -> None:
    with working(Loop(name="pool", every=NEVER, run_once=lambda: None, finish=lambda: ended)) as worker:
        assert worker.end() is ended


def test_the_leases_are_renewed_until_the_others_have_finished() -> None:
    renewed: list[str] = []

    def finish() -> bool:
        seen = len(renewed)
        until(lambda: len(renewed) > seen)
        return True

    leases = Loop(name="leases", every=0.01, run_once=lambda: renewed.append("all"), ends_last=True)
    with working(leases, Loop(name="pool", every=NEVER, run_once=lambda: None, finish=finish)) as worker:
        assert worker.end() is True


def test_a_worker_without_loops_waits_to_be_ended() -> None:
    with working() as worker:
        assert worker.alive
        assert worker.end() is True
