"""`structure_events` on PostgreSQL: ranges of ids, each of which begins where a month begins.

A month has WIDTH ids of its own, so its range can be made before it begins, and none is ever split or moved. When a
month begins, the sequence goes on at the start of its range; ids still only rise. The table's first range holds all
rows older than the ranges. The last one, which is empty, has no end: an insert never fails for want of a range. It is
no `DEFAULT`, because beside one PostgreSQL no longer knows that the ranges are in order, and asks all of them for the
newest events.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from audit import triggers

TABLE, FIRST, REST = "structure_events", "structure_events_first", "structure_events_rest"
WIDTH = 100_000_000  # ids of a month
BEGINNING = 2026  # the year whose first month has the lowest ids
PATIENCE = 1_000  # milliseconds
NEAR = 1_000_000  # ids: a sequence this near to the next range gets there by itself

BOUND = re.compile(r"FOR VALUES FROM \((?:'(\d+)'|MINVALUE)\) TO \('(\d+)'\)")
RANGES = """
    SELECT pg_get_expr(part.relpartbound, part.oid) FROM pg_inherits
    JOIN pg_class part ON part.oid = inhrelid WHERE inhparent = 'structure_events'::regclass
"""
OWNED = """
    SELECT pg_has_role(relowner, 'MEMBER') AND relkind = 'p' FROM pg_class WHERE oid = 'structure_events'::regclass
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """The ids from `low` on and below `high`."""

    low: int
    high: int


def first_id(month: date) -> int:
    """The first id of the month's range."""
    return max(1, ((month.year - BEGINNING) * 12 + month.month - 1) * WIDTH)


def next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def make_ranges(connection: BaseDatabaseWrapper, today: date) -> tuple[str, ...]:
    """Make the ranges of this month and the next where they are missing; their names. Inside a transaction.

    Does nothing for a role other than the tables' owner. Moving the start of the last, empty range locks the whole
    table for a moment. So this waits at most PATIENCE: there is a whole month to do it. Raises OperationalError if the
    table was busy.
    """
    made: list[str] = []
    months = (today, next_month(today))
    with connection.cursor() as cursor:
        if not _is_owner(cursor) or not _missing(ranges(cursor), months):
            return ()
        cursor.execute(f"SET LOCAL lock_timeout = {PATIENCE}")
        cursor.execute(f"LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE")
        if missing := _missing(ranges(cursor), months):
            cursor.execute(f"ALTER TABLE {TABLE} DETACH PARTITION {REST}")
            for month in missing:
                made.append(f"{TABLE}_{month:%Y_%m}")
                add_range(cursor, made[-1], Range(low=first_id(month), high=first_id(next_month(month))))
            _attach_rest(cursor)
    return tuple(made)


def begin_month(connection: BaseDatabaseWrapper, today: date) -> bool:
    """Advance the sequence to this month's range, if that exists and is empty; return whether it did.

    Never goes back, and needs no lock: too few ids are taken between two looks to reach the range.
    """
    start = first_id(today)
    with connection.cursor() as cursor:
        if not _is_owner(cursor) or start not in {each.low for each in ranges(cursor)}:
            return False
        cursor.execute(f"SELECT pg_get_serial_sequence('{TABLE}', 'id')")
        (sequence,) = cursor.fetchone()
        cursor.execute(f"SELECT setval(%s, %s) FROM {sequence} WHERE last_value < %s", [sequence, start, start - NEAR])
        return cursor.fetchone() is not None


def add_range(cursor: Any, name: str, ids: Range) -> None:
    """Add a part of the table, with its own triggers."""
    _make(cursor, name)
    cursor.execute(f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM ({ids.low}) TO ({ids.high})")


def add_rest(cursor: Any) -> None:
    """The part without an end, behind all others."""
    _make(cursor, REST)
    _attach_rest(cursor)


def _make(cursor: Any, name: str) -> None:
    cursor.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    triggers.guard(cursor, name)


def _attach_rest(cursor: Any) -> None:
    end = ranges(cursor)[-1].high
    cursor.execute(f"ALTER TABLE {TABLE} ATTACH PARTITION {REST} FOR VALUES FROM ({end}) TO (MAXVALUE)")


def ranges(cursor: Any) -> list[Range]:
    """The ranges with an end, lowest first."""
    cursor.execute(RANGES)
    found = (BOUND.fullmatch(bound) for (bound,) in cursor.fetchall())
    return sorted(
        (Range(low=int(each[1] or 0), high=int(each[2])) for each in found if each), key=lambda each: each.low
    )


def _missing(made: Sequence[Range], months: Sequence[date]) -> list[date]:
    starts = {month: first_id(month) for month in months}
    return [month for month, start in starts.items() if not any(each.low <= start < each.high for each in made)]


def _is_owner(cursor: Any) -> bool:
    cursor.execute(OWNED)
    (owned,) = cursor.fetchone()
    return bool(owned)
