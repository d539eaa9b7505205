"""The watermark of the ids of events: no event at or below a settled id will appear any more.

Ids come from a sequence, so a transaction that commits late brings lower ids than those already seen. A reader of all
"above the last id" loses them. So reading stops at a gap until all that could fill it have ended.

A writer of events locks their table before it takes an id, and unlocks it when its commit is visible. So three
statements in this order lose nothing: read ids, read the holders of the lock, read events. A writer that can fill a gap
below an id of the first had the lock by then: the second names it, or it has ended and the third sees its rows. Up to
that id all is settled once no writer that the second named has the lock. No name is used twice.

SQLite has one writer, whose ids are in the order of commits: no gap is filled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Writers = frozenset[str]
"""Names of the transactions that have the lock."""

NOBODY: Writers = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Beginning:
    """Above `after`, but none of `known`."""

    after: int
    known: frozenset[int] = frozenset()


def beginning(newest: Sequence[int], writers: Writers) -> Beginning:
    """The start of a stream from now on, which includes events still being written, with lower ids.

    `newest` are the highest ids, falling; now is the later moment at which the writers were read. Any gap may be one
    that is being filled, so all count.
    """
    after = newest[0] if newest else 0
    if writers:
        for higher, lower in pairwise(newest):
            after = lower if higher - lower > 1 else after
    return Beginning(after=after, known=frozenset(each for each in newest if each > after))


class Settling:
    """`settled` is None until there is a first place. `waits`: writers to wait for → the id settled then."""

    def __init__(self) -> None:
        self.settled: int | None = None
        self.waits: dict[Writers, int] = {}

    def run_on(self, ids: Sequence[int]) -> bool:
        """Go on to the first gap; return if there is one. `ids` are above `settled`, rising."""
        settled = self.settled or 0
        for each in ids:
            if each > settled + 1:
                break
            settled = max(settled, each)
        self.settled = settled
        return bool(ids) and settled < ids[-1]

    def wait(self, upto: int, writers: Writers) -> None:
        """Settle all that no writer can change; the writers were read after the id `upto`.

        A writer that one place waits for is waited for at all later ones too. So of places with the same writers left
        only the highest is kept, and there are never more waits than writers, however long one takes.
        """
        left = {each & writers: place for each, place in (*self.waits.items(), (writers, upto))}
        if NOBODY in left:
            self.settled = max(self.settled or 0, left.pop(NOBODY))
        self.waits = left
