"""Counting shared by all processes: at most so many turns in a window of time, whoever asks where."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.db.models import F, QuerySet

from lib.database_clock import database_now
from workspaces.models import Counter
from workspaces.services.expiry import forget

logger = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)


def take_turn(key: str, *, limit: int, window: timedelta) -> timedelta | None:
    """Take one of `limit` turns of `key` in a window that begins with the first: None, or how long there is none left.

    Each change names what it was decided on, so two processes never take the same turn. A refusal writes nothing.
    Raises OperationalError where the database is away.
    """
    while True:
        now = database_now()
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


def count(what: str, *of: str) -> int:
    """Once more, in a minute that begins with the first; return how often by now, 1 where that can't be known.

    `what` is a word, `of` whatever tells one case from another.
    """
    key, now = _key(what, of), database_now()
    try:
        with transaction.atomic():
            row, _ = Counter.objects.get_or_create(pk=key, defaults={"count": 0, "ends_at": now + MINUTE})
            if row.ends_at <= now and _same(row).update(count=1, ends_at=now + MINUTE):
                return 1
            Counter.objects.filter(pk=key).update(count=F("count") + 1)
            row.refresh_from_db()
            return row.count
    except DatabaseError:
        logger.exception("%s could not be counted", what)
        return 1


def among_first(most: int, what: str, *of: str) -> bool:
    """Whether this is one of the first `most` in its minute; then it is counted. Beyond them nothing is written."""
    return count_so_far(what, *of) < most and count(what, *of) <= most


def count_so_far(what: str, *of: str) -> int:
    """How often so far in the minute that goes on, if one does."""
    row = Counter.objects.filter(pk=_key(what, of), ends_at__gt=database_now()).first()
    return row.count if row else 0


def _key(what: str, of: tuple[str, ...]) -> str:
    """What is counted goes into it as a hash: names and addresses have no business in that table."""
    digest = hashlib.sha256("\0".join(of).encode("utf-8", "replace")).hexdigest()
    return f"{what}.{digest}"


def forget_counters() -> int:
    """Delete the counts whose window is over; return how many."""
    return forget(Counter.objects.filter(ends_at__lte=database_now()).order_by("ends_at"))


def _same(row: Counter) -> QuerySet[Counter]:
    """The row, while its window is the one that was seen."""
    return Counter.objects.filter(pk=row.pk, ends_at=row.ends_at)
