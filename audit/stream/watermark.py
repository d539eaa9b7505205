"""How far the ids of events are settled: nothing at or below such an id will ever appear any more.

Ids come from a sequence, so a transaction that commits late brings lower ids than those already seen. Whoever reads
"above the last id" loses them. Here reading stops at a gap until whoever could fill it has ended.

Who writes events takes a lock on their table before an id, and gives it back when all can see what was committed. So
three statements in this order lose nothing: one reads ids, one asks who has the lock, one reads events. Who can fill a
gap below an id of the first had the lock by then: the second names it, or it has ended and the third sees all that it
leaves. Up to that id all is settled once nobody whom the second named has the lock. No name is given twice.

SQLite has one writer, whose ids are in the order of commits: nobody fills a gap there.
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
    """Where somebody starts who wants what comes from now on: what is being written comes, and has lower ids.

    `newest` are the highest ids, falling; now is when the writers were asked, after them. Which of the gaps are being
    filled nobody knows, so all of them count.
    """
    after = newest[0] if newest else 0
    if writers:
        for higher, lower in pairwise(newest):
            after = lower if higher - lower > 1 else after
    return Beginning(after=after, known=frozenset(each for each in newest if each > after))


class Settling:
    """`settled` is None until there is a first place. `waits` says who has to end before all is settled up to where."""

    def __init__(self) -> None:
        self.settled: int | None = None
        self.waits: dict[Writers, int] = {}

    def run_on(self, ids: Sequence[int]) -> bool:
        """Go on to the first gap; whether there is one. `ids` are above `settled`, rising."""
        settled = self.settled or 0
        for each in ids:
            if each > settled + 1:
                break
            settled = max(settled, each)
        self.settled = settled
        return bool(ids) and settled < ids[-1]

    def wait(self, upto: int, writers: Writers) -> None:
        """Settle what none of the writers can change; they were asked after the id `upto` was seen.

        Whoever is waited for at one place is at all later ones, too. So where the same are left the highest place does,
        and there are never more waits than writers, however long one of them takes.
        """
        left = {each & writers: place for each, place in (*self.waits.items(), (writers, upto))}
        if NOBODY in left:
            self.settled = max(self.settled or 0, left.pop(NOBODY))
        self.waits = left
