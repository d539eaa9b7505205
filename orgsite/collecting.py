"""The collector of cyclic garbage, kept out of work that makes very many values and no cycles.

It goes through all that lives whenever a quarter has been added: a third of the time that a large template takes.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_inside = 0


@contextmanager
def collector_paused() -> Iterator[None]:
    """For the whole process, as long as any thread is in here. Also a decorator."""
    _count(1)
    try:
        yield
    finally:
        _count(-1)


def _count(more: int) -> None:
    global _inside
    with _lock:
        _inside += more
        if _inside:
            gc.disable()
        else:
            gc.enable()
