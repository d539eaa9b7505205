"""How far the ids of events are settled: nothing at or below such an id will ever appear any more.

Ids come from a sequence, so a transaction that commits late brings lower ids than those already seen. Whoever reads
"above the last id" loses them. Here reading stops at a gap until whoever could fill it has ended.

A gap that is seen belongs to a transaction that had taken its id before. Such a transaction gets its own number within
moments of taking the id, not before: so a mark is set when the gap is seen, the first number not given out yet is noted
GRACE later, and once every lower one has ended, what is missing up to the mark was rolled back.

SQLite has one writer, whose ids are in the order of commits: there are no gaps to wait for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

GRACE = 1.0  # seconds between taking an id and having a transaction's number: it is microseconds, processes may stall


@dataclass(frozen=True, kw_only=True, slots=True)
class Writers:
    """Transactions as one snapshot has them: `oldest` still runs, `next` is the first that has not begun."""

    oldest: int
    next: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """Ids of one snapshot and who was writing then; None where one writer at a time is all there is."""

    ids: Sequence[int]
    writers: Writers | None


@dataclass(kw_only=True, slots=True)
class _Mark:
    """Up to `upto` all is settled once the transactions before `bound` have ended; it is noted when `due`."""

    upto: int
    due: float
    bound: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Beginning:
    """Above `after`, but none of `known`."""

    after: int
    known: frozenset[int] = frozenset()


def beginning(newest: Seen) -> Beginning:
    """Where somebody starts who wants what comes from now on: what is being written comes, and has lower ids.

    `newest` are the highest ids, falling. Which of their gaps are being filled nobody knows, so all of them count.
    """
    after = newest.ids[0] if newest.ids else 0
    if newest.writers and newest.writers.oldest < newest.writers.next:
        for higher, lower in pairwise(newest.ids):
            after = lower if higher - lower > 1 else after
    return Beginning(after=after, known=frozenset(each for each in newest.ids if each > after))


class Settling:
    """`settled` is None until the first answer. Times are seconds of any one clock."""

    def __init__(self) -> None:
        self.settled: int | None = None
        self._marks: deque[_Mark] = deque()

    def begin(self, newest: Seen, *, now: float) -> None:
        """Of what lies below the highest id nothing is known: one mark covers all of it."""
        highest = newest.ids[0] if newest.ids else 0
        if newest.writers is None or not highest:
            self.settled = highest
        else:
            self._marks.append(_Mark(upto=highest, due=now + GRACE))

    def advance(self, seen: Seen, *, now: float) -> int | None:
        """What is settled now; `seen` are ids above `settled`, rising, read in the same snapshot as the writers."""
        if seen.writers is None:
            self.settled = seen.ids[-1] if seen.ids else self.settled
            return self.settled
        self._clear(seen.writers, now=now)
        if self.settled is not None:
            self._run_on(seen.ids, now=now)
        return self.settled

    def _clear(self, writers: Writers, *, now: float) -> None:
        for mark in self._marks:
            if mark.bound is None and mark.due <= now:
                mark.bound = writers.next
        while self._marks and (bound := self._marks[0].bound) is not None and bound <= writers.oldest:
            self.settled = max(self.settled or 0, self._marks.popleft().upto)

    def _run_on(self, ids: Sequence[int], *, now: float) -> None:
        settled = self.settled or 0
        for each in ids:
            if each > settled + 1:
                break
            settled = max(settled, each)
        self.settled = settled
        while self._marks and self._marks[0].upto <= settled:
            self._marks.popleft()
        known = self._marks[-1].upto if self._marks else settled
        if ids and ids[-1] > known:
            self._marks.append(_Mark(upto=ids[-1], due=now + GRACE))
