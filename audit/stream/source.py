"""The table as the stream reads it. Everything here waits for the database: it runs in threads, never in the loop."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.db import connection

from audit.models import StructureEvent, StructureEventQuerySet
from audit.stream.log import Batch, joined
from audit.stream.scopes import Scope
from audit.stream.settling import Beginning, Seen, Settling, Writers, beginning
from audit.stream.wire import told

LOOKED_AT = 5_000  # ids: who waits at a gap does not read on without end
ROWS = 250  # of a batch or page
NEWEST = 1_000  # ids in which a beginning looks for gaps

ABOVE = "SELECT id FROM structure_events WHERE id > %s ORDER BY id LIMIT %s"
HIGHEST = "SELECT id FROM structure_events WHERE id > %s ORDER BY id DESC LIMIT %s"
WITH_WRITERS = """
    SELECT pg_snapshot_xmin(now)::text::bigint, pg_snapshot_xmax(now)::text::bigint, ARRAY({})
    FROM pg_current_snapshot() AS now
"""


class Reader:
    """Follows the table for a whole process; one thread at a time may call it."""

    def __init__(self) -> None:
        self._settling = Settling()
        self._told: int | None = None

    def begin(self) -> Beginning:
        """Look for the first time."""
        newest = _seen(HIGHEST, above=0, limit=NEWEST)
        self._settling.begin(newest, now=time.monotonic())
        return beginning(newest)

    def settle(self) -> int | None:
        """The first place that is settled, None as long as there is none."""
        if self._settling.settled is None:
            self._settling.advance(_seen(ABOVE, above=0, limit=0), now=time.monotonic())
        self._told = self._settling.settled
        return self._told

    def step(self) -> Batch | None:
        """The next settled events, ROWS of them at most; None where nothing has moved."""
        last = self._told or 0
        settled = self._settling.settled or 0
        if last == settled:
            seen = _seen(ABOVE, above=last, limit=LOOKED_AT)
            settled = self._settling.advance(seen, now=time.monotonic()) or last
        if last == settled:
            return None
        rows = list(_between(last, settled)[:ROWS])
        events = [told(row) for row in rows]
        self._told = events[-1].id if len(events) == ROWS else settled
        return Batch(after=last, upto=self._told, events=events, more=self._told < settled)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What of the table a scope admits, up to `upto`."""

    upto: int
    chunks: tuple[bytes, ...]


def page(start: Beginning, *, upto: int, scope: Scope) -> Page:
    """From there on, ROWS rows at most; `upto` has to be settled."""
    rows = list(scope.narrowed(_between(start.after, upto))[:ROWS])
    events = [told(row) for row in rows]
    end = events[-1].id if len(events) == ROWS else upto
    wanted = (each for each in events if each.id not in start.known and scope.admits(each))
    return Page(upto=end, chunks=joined(each.text for each in wanted))


def _between(after: int, upto: int) -> StructureEventQuerySet:
    return StructureEvent.objects.filter(id__gt=after, id__lte=upto).order_by("id")


def _seen(statement: str, *, above: int, limit: int) -> Seen:
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute(statement, (above, limit))
            return Seen(ids=[number for (number,) in cursor.fetchall()], writers=None)
        cursor.execute(WITH_WRITERS.format(statement), (above, limit))
        oldest, following, ids = cursor.fetchone()
        return Seen(ids=ids, writers=Writers(oldest=oldest, next=following))
