"""Python's garbage collector, tuned for processes that run for weeks and at times make a hundred thousand values.

Two rules. Long-lived values are not scanned again and again: the modules loaded at the start (`freeze_loaded`), and a
large plan while it is made and carried out (`paused`). The garbage that this leaves is bounded: a thread watches the
process's resident memory, and runs a full collection when it has grown (`MemoryWatch`).
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread

YOUNG = 50_000  # new values before a young collection; with Python's 700 a plan would cause several full ones
OLDER = 10, 10

CHECK_INTERVAL = 1.0  # seconds between two checks of the resident memory
GROWN = 8 * 1024 * 1024  # bytes more than after the last full collection: time for the next one
AT_LEAST = 600.0  # seconds after which a full collection is due even if the memory has not grown
LONGEST_PAUSE = 10.0  # seconds that plans may put off the full collections
SHARE = 20  # after a full collection none follows for this many times its own duration


def freeze_loaded() -> None:
    """Keep what is loaded by now out of ordinary collections, and collect less often. Call it at the end of a start."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *OLDER)


def watch_in_background() -> None:
    """Bound the uncollected garbage, in a thread that ends with the process."""
    Thread(target=MemoryWatch().watch, args=(Event(),), name="garbage", daemon=True).start()


@contextmanager
def paused() -> Iterator[None]:
    """No ordinary collection inside it: for short work that makes many values and no cycles.

    A plan of 100,000 workspaces was scanned a dozen times while it grew, which took a quarter of the time, and once
    more when it was complete. So it is frozen at the end, and most of it is freed without a scan. Plans that overlap
    without a gap cannot put off the full collections of `MemoryWatch` for longer than LONGEST_PAUSE.
    """
    # Danger: this turns the collector off for the WHOLE process, every other thread included, until the last plan ends.
    _plans.begin()
    try:
        yield
    finally:
        _plans.end()


class _Plans:
    """The number of plans being made, and the time since which there was always at least one."""

    def __init__(self) -> None:
        self._lock, self._number, self._since = Lock(), 0, 0.0

    def begin(self) -> None:
        with self._lock:
            if not self._number:
                self._since = time.monotonic()
                gc.disable()  # for all threads
            self._number += 1

    def end(self) -> None:
        with self._lock:
            self._number -= 1
            if not self._number:
                if gc.get_count()[0] > YOUNG:
                    gc.freeze()
                gc.enable()

    def duration(self) -> float:
        """Seconds since the first of the overlapping plans began; 0.0 if none is being made."""
        with self._lock:
            return time.monotonic() - self._since if self._number else 0.0


class MemoryWatch:
    """Bounds the uncollected garbage: a full collection, frozen values included, when the process has grown."""

    def __init__(self) -> None:
        self._floor, self._ended, self._rest = resident(), time.monotonic(), 0.0

    def watch(self, stopped: Event) -> None:
        """Run until `stopped` is set."""
        while not stopped.wait(CHECK_INTERVAL):
            self.collect_if_due()

    def collect_if_due(self) -> bool:
        """Collect if it is time to; whether it did."""
        now, size = time.monotonic(), resident()
        self._floor = min(self._floor, size)
        waited = now - self._ended
        if size - self._floor < GROWN and waited < AT_LEAST:
            return False
        if waited < self._rest or 0.0 < _plans.duration() < LONGEST_PAUSE:
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
    """The process's resident memory in bytes; 0 if the system does not report it (then only AT_LEAST applies)."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


_plans = _Plans()
