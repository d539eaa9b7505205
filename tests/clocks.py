"""Helpers that set the machine's wall clock wrong, to test times that several machines compare."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest.mock import patch

from django.utils import timezone

HOURS = (1, -1)

_right = timezone.now


@contextmanager
def machine_clock_off_by(hours: int) -> Iterator[None]:
    """The machine's clock is that much ahead of the database's, or behind it."""

    def wrong() -> datetime:
        return _right() + timedelta(hours=hours)

    with patch.object(timezone, "now", wrong):
        yield
