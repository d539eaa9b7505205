"""Python's garbage collector, set for processes that run for weeks and now and then make a hundred thousand values.

Two rules. Values that are known to live on are not searched again and again: what is loaded at the start, and a large
plan while it is made and carried out (`later`). And what that leaves behind is bounded: a thread watches the process's
resident memory, and has everything searched when it has grown (`Keeper`).
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread

YOUNG = 50_000  # values until the youngest are searched; Python's own 700 would mean the oldest several times a plan
OLDER = 10, 10

LOOK = 1.0  # seconds between two looks at the resident memory
GROWN = 8 * 1024 * 1024  # bytes more than after the last full collection: time for the next one
AT_LEAST = 600.0  # seconds after which everything is searched, grown or not
PATIENCE = 10.0  # seconds that plans may keep the full collections waiting
SHARE = 20  # a full collection is followed by so many times its own duration without one


def settle() -> None:
    """Once everything is loaded: leave it out of ordinary collections, and collect less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *OLDER)


def watch_in_background() -> None:
    """Bound what is left behind, in a thread that ends with the process."""
    Thread(target=Keeper().watch, args=(Event(),), name="garbage", daemon=True).start()


@contextmanager
def later() -> Iterator[None]:
    """No ordinary collection while this lasts, in any thread: for a moment that makes many values and no cycles.

    A plan of 100,000 workspaces was searched a dozen times while it grew, a quarter of what it took, and once more when
    it was complete. So it is frozen then; most of it is freed without ever being searched. Plans that overlap without
    end do not put off the full collections of the `Keeper`.
    """
    _plans.begin()
    try:
        yield
    finally:
        _plans.end()


class _Plans:
    """How many are being made, and since when without a pause."""

    def __init__(self) -> None:
        self._lock, self._number, self._since = Lock(), 0, 0.0

    def begin(self) -> None:
        with self._lock:
            if not self._number:
                self._since = time.monotonic()
                gc.disable()
            self._number += 1

    def end(self) -> None:
        with self._lock:
            self._number -= 1
            if not self._number:
                if gc.get_count()[0] > YOUNG:
                    gc.freeze()
                gc.enable()

    def last(self) -> float:
        """Seconds since the first of those that overlap began; 0.0 where none is being made."""
        with self._lock:
            return time.monotonic() - self._since if self._number else 0.0


class Keeper:
    """Bounds what lies uncollected, in bytes: full collections, frozen values included, when the process has grown."""

    def __init__(self) -> None:
        self._floor, self._ended, self._rest = resident(), time.monotonic(), 0.0

    def watch(self, stopped: Event) -> None:
        """Until `stopped` is set."""
        while not stopped.wait(LOOK):
            self.look()

    def look(self) -> bool:
        """Collect if it is time to; True where it was."""
        now, held = time.monotonic(), resident()
        self._floor = min(self._floor, held)
        waited = now - self._ended
        if held - self._floor < GROWN and waited < AT_LEAST:
            return False
        if waited < self._rest or 0.0 < _plans.last() < PATIENCE:
            return False
        self._collect()
        return True

    def _collect(self) -> None:
        began = time.monotonic()
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._floor, self._ended = resident(), time.monotonic()
        self._rest = SHARE * (self._ended - began)


def resident() -> int:
    """Bytes that the process holds in memory; 0 where the system does not say (then the clock alone counts)."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


_plans = _Plans()
