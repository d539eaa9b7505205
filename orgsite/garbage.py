"""Python's garbage collector, set for processes that now and then make a hundred thousand values at once."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

YOUNG = 50_000  # values until the youngest are looked through; Python's own 700 would mean the oldest several times


def settle() -> None:
    """Once everything is loaded: leave it out of every later collection, and collect less often.

    An import of 10,000 workspaces makes no cycles, and spent a third of its time on looking for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)


@contextmanager
def later() -> Iterator[None]:
    """While this lasts, in whichever thread, nothing is collected: for a moment that makes many values and no cycles.

    A plan of 100,000 workspaces was looked through a dozen times while it grew, a quarter of what it took.
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
                gc.enable()


_lock, _moments = Lock(), 0
