"""Rate limits in the database, shared by all processes: a number of turns in a fixed window of time.

Changes by one user (ORGSITE_THROTTLE) are one count for REST and pages together.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError, Error, transaction
from django.db.models import F, QuerySet

from lib.database_clock import database_now
from lib.database_errors import FULL, LOCKED_FILE, READ_ONLY, trouble_of
from workspaces.errors import TooOften
from workspaces.models import Counter
from workspaces.services.expiry import forget

if TYPE_CHECKING:
    from django.contrib.auth.models import User


logger = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)


def take_turn(key: str, *, limit: int, window: timedelta) -> timedelta | None:
    """Take one of `limit` turns of `key`, in a window that begins with the first one.

    Returns None, or the time until the window ends if no turn is left; then nothing was written. Raises
    OperationalError if the database is away.
    """
    # Optimistic locking: each UPDATE repeats the condition of the decision, so two processes never take the same turn.
    while True:
        now = database_now()
        row = Counter.objects.filter(pk=key).first()
        if row is None:
            _, taken = Counter.objects.get_or_create(pk=key, defaults={"count": 1, "ends_at": now + window})
        elif row.ends_at <= now:
            taken = bool(_unchanged(row).update(count=1, ends_at=now + window))
        elif row.count >= limit:
            return row.ends_at - now
        else:
            taken = bool(_unchanged(row).filter(count__lt=limit).update(count=F("count") + 1))
        if taken:
            return None


def increment(what: str, *of: str) -> int:
    """Count one more, in a minute that begins with the first one; return the number, or 1 if the database fails.

    `what` is the kind, `of` are values that distinguish the counters of one kind.
    """
    key, now = _key(what, of), database_now()
    try:
        with transaction.atomic():
            row, _ = Counter.objects.get_or_create(pk=key, defaults={"count": 0, "ends_at": now + MINUTE})
            if row.ends_at <= now and _unchanged(row).update(count=1, ends_at=now + MINUTE):
                return 1
            Counter.objects.filter(pk=key).update(count=F("count") + 1)
            row.refresh_from_db()
            return row.count
    except DatabaseError:
        logger.exception("%s could not be counted", what)
        return 1


def within_first(most: int, what: str, *of: str) -> bool:
    """Count one more; whether it is one of the first `most` of its minute. Beyond `most` it writes nothing."""
    return current_count(what, *of) < most and increment(what, *of) <= most


def current_count(what: str, *of: str) -> int:
    """The number in the present minute."""
    row = Counter.objects.filter(pk=_key(what, of), ends_at__gt=database_now()).first()
    return row.count if row else 0


def _key(what: str, of: tuple[str, ...]) -> str:
    """The key of a counter, with a hash of `of`: the table must not store names and addresses."""
    digest = hashlib.sha256("\0".join(of).encode("utf-8", "replace")).hexdigest()
    return f"{what}.{digest}"


def forget_counters() -> int:
    """Delete the counters whose window is over; return how many."""
    return forget(Counter.objects.filter(ends_at__lte=database_now()).order_by("ends_at"))


def _unchanged(row: Counter) -> QuerySet[Counter]:
    """The row, if its window is still the one that was read."""
    return Counter.objects.filter(pk=row.pk, ends_at=row.ends_at)


WIDER = 5  # the limit of other changes is this many times that of imports and removals
NO_CHANGES = (READ_ONLY, LOCKED_FILE, FULL)  # the database takes no changes, so none have to be counted


class Effort(StrEnum):
    """The cost of a request."""

    IMPORT = "imports and removals"  # dry runs and previews cost as much
    CHANGE = "changes"


def require_turn(user: User, effort: Effort) -> None:
    """Take one of the user's turns of this minute. Raises TooOften, and then nothing was written.

    If the database takes no changes, the request continues: a dry run is answered, and a change fails by itself.
    """
    limit = settings.ORGSITE_THROTTLE
    if limit is None:
        return
    limit = limit * WIDER if effort is Effort.CHANGE else limit
    try:
        left = take_turn(f"{effort.name.lower()}.{user.pk}", limit=limit, window=MINUTE)
    except Error as error:
        if trouble_of(error) not in NO_CHANGES:
            raise
        return
    if left is not None:
        raise TooOften(f"You may make {limit:,} {effort} a minute.", left=left)
