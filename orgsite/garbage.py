"""Python's garbage collector, set for processes that now and then make a hundred thousand values at once."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

YOUNG = 50_000  # values until the youngest are looked through; Python's own 700 would mean the oldest several times
OLDER = 10, 10


def settle() -> None:
    """Once everything is loaded: leave it out of every later collection, and collect less often.

    An import of 10,000 workspaces makes no cycles, and spent a third of its time on looking for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *OLDER)
    if _as_usual not in gc.callbacks:
        gc.callbacks.append(_as_usual)


@contextmanager
def later() -> Iterator[None]:
    """While this lasts, in whichever thread, nothing is collected: for a moment that makes many values and no cycles.

    A plan of 100,000 workspaces was looked through a dozen times while it grew, a quarter of what it took; and once
    more when it was made, a sixth. So after such a moment nothing is collected until there is as much again.
    """
    global _moments
    with _lock:
        _moments += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _moments -= 1
            if not _moments:
                _put_off()
                gc.enable()


def _put_off() -> None:
    """What dies meanwhile no longer counts: most often all of it does, and is never looked through."""
    if _as_usual in gc.callbacks:
        gc.set_threshold(max(YOUNG, 2 * gc.get_count()[0]), *OLDER)


def _as_usual(phase: str, _: Any) -> None:
    if phase == "stop":
        gc.set_threshold(YOUNG, *OLDER)


_lock, _moments = Lock(), 0
