"""The table as the stream reads it. Everything here waits for the database: it runs in threads, never in the loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from audit.models import StructureEvent, StructureEventQuerySet
from audit.stream.ring_buffer import Batch, joined
from audit.stream.sse import told
from audit.stream.subscription import Scope
from audit.stream.watermark import NOBODY, Beginning, Settling, Writers, beginning

LOOKED_AT = 5_000  # ids: a reader that waits at a gap reads no further ahead
ROWS = 250  # of a batch or page
NEWEST = 1_000  # ids in which a beginning looks for gaps

ABOVE = "SELECT id FROM structure_events WHERE id > %s ORDER BY id LIMIT %s"
HIGHEST = "SELECT id FROM structure_events ORDER BY id DESC LIMIT %s"
WRITERS = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted AND relation = 'structure_events'::regclass
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Reader:
    """Follows the table for a whole process; one thread at a time may call it."""

    def __init__(self) -> None:
        self._settling = Settling()
        self._told: int | None = None

    def begin(self) -> Beginning:
        """Do the first read."""
        newest = _column(HIGHEST, NEWEST)
        writers = _writers() if newest else NOBODY
        self._settling.wait(newest[0] if newest else 0, writers)
        return beginning(newest, writers)

    def settle(self) -> int | None:
        """The first settled place, None until there is one."""
        if self._settling.settled is None:
            (highest,) = _column(HIGHEST, 1)
            self._settling.wait(highest, _writers())
        self._told = self._settling.settled
        return self._told

    def went_back(self) -> bool:
        """Whether rows that were read are gone from the table: an older state was restored."""
        return self._told is not None and newest() < self._told

    def step(self) -> Batch | None:
        """The next settled events, ROWS of them at most; None if nothing has changed."""
        last = self._told or 0
        if last == self._settling.settled:
            self._look(last)
        settled = self._settling.settled or 0
        if last == settled:
            return None
        rows = list(_between(last, settled)[:ROWS])
        events = [told(row) for row in rows]
        self._told = events[-1].id if len(events) == ROWS else settled
        return Batch(after=last, upto=self._told, events=events, more=self._told < settled)

    def _look(self, last: int) -> None:
        ids = _column(ABOVE, last, LOOKED_AT)
        if self._settling.run_on(ids):
            self._settling.wait(ids[-1], _writers())


def newest() -> int:
    """The highest id in the table, 0 while it is empty. From the database: this process may not have read it yet."""
    found = _column(HIGHEST, 1)
    return int(found[0]) if found else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedPage:
    """The events that a scope admits, up to `upto`."""

    upto: int
    chunks: tuple[bytes, ...]


def page(start: Beginning, *, upto: int, scope: Scope) -> FeedPage:
    """From there on, ROWS rows at most; `upto` has to be settled."""
    rows = list(scope.narrowed(_between(start.after, upto))[:ROWS])
    events = [told(row) for row in rows]
    end = events[-1].id if len(events) == ROWS else upto
    wanted = (each for each in events if each.id not in start.known and scope.admits(each))
    return FeedPage(upto=end, chunks=joined(each.text for each in wanted))


def _between(after: int, upto: int) -> StructureEventQuerySet:
    return StructureEvent.objects.filter(id__gt=after, id__lte=upto).order_by("id")


def _writers() -> Writers:
    """Transactions that could fill a gap below ids already read."""
    return frozenset(_column(WRITERS)) if connection.vendor == "postgresql" else NOBODY


def _column(statement: str, *params: int) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [value for (value,) in cursor.fetchall()]
