"""Python's garbage collector, set for processes that now and then make a hundred thousand values at once."""

import gc

YOUNG = 50_000  # values until the youngest are looked through; Python's own 700 would mean the oldest several times


def settle() -> None:
    """Once everything is loaded: leave it out of every later collection, and collect less often.

    An import of 10,000 workspaces makes no cycles, and spent a third of its time on looking for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
