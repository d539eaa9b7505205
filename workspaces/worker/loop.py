"""The worker is a list of loops, each in a thread of its own: one that takes long, or fails, holds up no other.

To add a loop, write a file that makes a `Loop` and add one line to the list in `management/commands/worker.py`, or to
`Controller.loops` if the loop asks the engine. Its timing, its pause after an error and its end are handled here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread

from django.db import connection

from workspaces.errors import EngineError

logger = logging.getLogger(__name__)

DRAIN = 20.0  # seconds that a loop gets to end
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0  # seconds until the next attempt after an error; doubled with each
SELDOM = 1.0  # seconds of rest from which on a loop keeps no connection to the database


@dataclass(frozen=True, kw_only=True)
class Loop:
    """A repeated task. `every`: seconds from the end of one run to the next. `run_once` may return fewer; `wake`, once
    set, makes the loop due at once, except in the pause after an error.

    `on_error` is called in the loop's thread with what `run_once` raised. `finish` is called once, after the last run:
    it waits, for a bounded time, for work already begun, and returns False if some has not ended. A loop that
    `ends_last` runs on until the others have finished.
    """

    name: str
    every: float
    run_once: Callable[[], float | None]
    on_error: Callable[[Exception], None] | None = None
    finish: Callable[[], bool] | None = None
    ends_last: bool = False
    wake: Event = field(default_factory=Event)


def run_until(stopped: Event, loops: Sequence[Loop]) -> bool:
    """Run all of them until `stopped` is set, then end them. False if one has not ended in time: its thread, or one of
    its own, waits for an answer."""
    others_ended = Event()
    first = [LoopThread(loop, ends=stopped) for loop in loops if not loop.ends_last]
    last = [LoopThread(loop, ends=others_ended) for loop in loops if loop.ends_last]
    for thread in (*last, *first):
        thread.start()
    stopped.wait()
    ended = _end(first)
    others_ended.set()
    return _end(last) and ended


def run_in_background(loop: Loop) -> None:
    """Run it in a thread that ends with the process."""
    LoopThread(loop, ends=Event()).start()


def _end(threads: Sequence[LoopThread]) -> bool:
    for thread in threads:
        thread.loop.wake.set()
    deadline = time.monotonic() + DRAIN
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0.0))
    for thread in threads:
        if thread.finishing:  # it has its own limit, and its writes must not be cut off
            thread.join()
    hanging = [thread.name for thread in threads if thread.is_alive() or not thread.finished]
    if hanging:
        logger.warning("Not ended within %d s: %s", DRAIN, ", ".join(hanging))
    return not hanging


class LoopThread(Thread):
    """One loop at work. `finishing` is set while it waits for begun work and writes the results; `finished` is False if
    some has not ended."""

    def __init__(self, loop: Loop, *, ends: Event) -> None:
        super().__init__(name=loop.name, daemon=True)
        self.loop, self.finishing, self.finished = loop, False, True
        self._ends = ends
        self._pause = 0.0  # seconds, after an error

    def run(self) -> None:
        try:
            while not self._ends.is_set():
                rest = self.attempt()
                (self._ends if self._pause else self.loop.wake).wait(rest)
            if self.loop.finish:
                self.finishing = True
                self.finished = self.loop.finish()
        except Exception:
            logger.exception("The loop %s could not finish.", self.name)
        finally:
            connection.close()

    def attempt(self) -> float:
        """Run the loop once; return the seconds to rest. No error ends it."""
        self.loop.wake.clear()
        if self._ends.is_set():  # after the clearing: the end of a loop sets `ends`, then `wake`
            return 0.0
        try:
            sooner = self.loop.run_once()
        except Exception as error:
            return self._after(error)
        self._pause = 0.0
        rest = self.loop.every if sooner is None else min(sooner, self.loop.every)
        if rest >= SELDOM:
            connection.close()
        return rest

    def _after(self, error: Exception) -> float:
        self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
        if isinstance(error, EngineError):
            logger.warning("%s: %s", self.name, error)
        else:
            logger.error("The loop %s goes on in %s s.", self.name, self._pause, exc_info=error)
        try:
            if self.loop.on_error:
                self.loop.on_error(error)
        except Exception:
            logger.exception("Nor could the error be written down.")
        connection.close()
        return self._pause
