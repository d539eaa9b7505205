"""Counting shared by all processes: at most so many turns in a window of time, whoever asks where."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F, QuerySet
from django.utils import timezone

from workspaces.models import Counter


def take_turn(key: str, *, limit: int, window: timedelta) -> timedelta | None:
    """Take one of `limit` turns of `key` in a window that begins with the first: None, or how long there is none left.

    Each change names what it was decided on, so two processes never take the same turn. A refusal writes nothing.
    Raises OperationalError where the database is away.
    """
    while True:
        now = timezone.now()
        row = Counter.objects.filter(pk=key).first()
        if row is None:
            _, taken = Counter.objects.get_or_create(pk=key, defaults={"count": 1, "ends_at": now + window})
        elif row.ends_at <= now:
            taken = bool(_same(row).update(count=1, ends_at=now + window))
        elif row.count >= limit:
            return row.ends_at - now
        else:
            taken = bool(_same(row).filter(count__lt=limit).update(count=F("count") + 1))
        if taken:
            return None


def forget_counters() -> int:
    """Delete the counts whose window is over; return how many."""
    over = Counter.objects.filter(ends_at__lte=timezone.now())
    return over.delete()[0] if over.exists() else 0


def _same(row: Counter) -> QuerySet[Counter]:
    """The row, while its window is the one that was seen."""
    return Counter.objects.filter(pk=row.pk, ends_at=row.ends_at)
