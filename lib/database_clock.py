"""The database's clock, which all machines share. Times that one machine writes and another compares come from it.

A process queries PostgreSQL at most once a minute, and adds the time since, measured by the machine's monotonic clock.
So the result is right even while the machine's wall clock is wrong or is being set.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

FRESH = 60.0  # seconds until the next query: the database may have moved to another server
# BOOTTIME, not MONOTONIC: MONOTONIC stops while a virtual machine is suspended, and the time would lag behind
# afterwards.
BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockReading:
    """A time that the database's clock showed, and this machine's uptime (seconds) at that moment."""

    shown: datetime
    uptime: float


_last: ClockReading | None = None


def database_now() -> datetime:
    """The time by the database's clock; with SQLite, by this machine's. Raises what a query raises."""
    global _last
    if connection.vendor != "postgresql":
        return timezone.now()
    if _last is None or uptime() - _last.uptime > FRESH:
        _last = _read()
    return _last.shown + timedelta(seconds=uptime() - _last.uptime)


def uptime() -> float:
    """Seconds since this machine was started. Compare them on this machine only."""
    return time.clock_gettime(BOOT_CLOCK)


def _read() -> ClockReading:
    """The clock of PostgreSQL, now."""
    connection.ensure_connection()
    # Past Django's cursor: this query must not count as a statement of the operation that happens to run it.
    driver: Any = connection.connection
    before = uptime()
    with connection.wrap_database_errors:
        (shown,) = driver.execute("SELECT clock_timestamp()").fetchone()
    return ClockReading(shown=shown.astimezone(UTC), uptime=(before + uptime()) / 2)
