"""The database's clock, which all machines share. Times that one machine writes and another compares come from it.

PostgreSQL is asked at most once a minute in each process; in between the time that has passed is added, measured by a
clock that nobody sets. A machine whose own clock is wrong, or is being set, is right all the same.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

FRESH = 60.0  # seconds until the database is asked again: it may have moved to another server
PASSING = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # goes on while a virtual machine is suspended


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockReading:
    """A time that the database's clock showed, and the seconds of this machine's uptime at that moment."""

    shown: datetime
    uptime: float


_last: ClockReading | None = None


def database_now() -> datetime:
    """The time by the database's clock; SQLite's is this machine's. Raises what a query raises."""
    global _last
    if connection.vendor != "postgresql":
        return timezone.now()
    if _last is None or uptime() - _last.uptime > FRESH:
        _last = _read()
    return _last.shown + timedelta(seconds=uptime() - _last.uptime)


def uptime() -> float:
    """Seconds since this machine was started: for lengths of time, on one machine."""
    return time.clock_gettime(PASSING)


def _read() -> ClockReading:
    """Below Django's cursor: this is no statement of whatever operation happens to come first after a minute."""
    connection.ensure_connection()
    driver: Any = connection.connection
    before = uptime()
    with connection.wrap_database_errors:
        (shown,) = driver.execute("SELECT clock_timestamp()").fetchone()
    return ClockReading(shown=shown.astimezone(UTC), uptime=(before + uptime()) / 2)
