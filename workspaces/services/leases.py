"""Who works on which container. A lease outlives a killed worker by seconds; then the next one goes on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from orgsite.clock import database_now
from workspaces.models import Container
from workspaces.services.containers import ABSENT, RUNNING

LEASE = timedelta(seconds=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A container that this worker, and no other, works on for as long as it renews the lease."""

    workspace_id: UUID
    wanted: bool
    keep_volumes: bool
    asked_at: datetime | None


def waiting(now: datetime) -> QuerySet[Container]:
    """The containers with work to do, now or later, that nobody is at, the longest waiting first."""
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    return Container.objects.filter(free, due_at__isnull=False).order_by("due_at", "pk")


def due(now: datetime) -> QuerySet[Container]:
    """Those that something is to be done about now."""
    return waiting(now).filter(due_at__lte=now)


def next_due() -> datetime | None:
    """When the next container is due that nobody is at; None where there is none."""
    return waiting(database_now()).values_list("due_at", flat=True).first()


def claim_due(worker: str, *, wanted: bool, limit: int) -> list[Claim]:
    """Take up to `limit` of those that should run, or of those that should go. Two workers never get the same one, nor
    wait for each other."""
    desired = RUNNING if wanted else ABSENT
    if not limit or not due(database_now()).filter(desired=desired).exists():
        return []  # asked before the transaction, which on SQLite takes the lock of all writers
    with transaction.atomic():
        now = _now()
        rows = list(skipping_locked(due(now).filter(desired=desired))[:limit])
        claimed = Container.objects.filter(workspace__one_of=[row.pk for row in rows])
        claimed.update(leased_until=now + LEASE, leased_by=worker)
    return [
        Claim(
            workspace_id=row.pk,
            wanted=wanted,
            keep_volumes=row.keep_volumes,
            asked_at=row.asked_at,
        )
        for row in rows
    ]


def renew(worker: str, ids: Collection[UUID]) -> None:
    """This worker lives, and is at these. What else it once leased, and lost sight of, becomes free."""
    held = Container.objects.filter(workspace__one_of=ids, leased_by=worker, leased_until__isnull=False)
    held.update(leased_until=_now() + LEASE)


def give_back(worker: str, ids: Collection[UUID]) -> None:
    """Not begun: whoever comes next may take them."""
    Container.objects.filter(workspace__one_of=ids, leased_by=worker).update(leased_until=None, leased_by="")


def put_off(worker: str, ids: Collection[UUID], *, by: timedelta) -> None:
    """Not begun, and not to be tried again at once."""
    mine = Container.objects.filter(workspace__one_of=ids, leased_by=worker)
    mine.update(leased_until=None, leased_by="", due_at=database_now() + by)


def _now() -> datetime:
    """By the database's clock, which all workers share; SQLite's is this machine's."""
    if connection.vendor != "postgresql":
        return database_now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def skipping_locked(rows: QuerySet[Container]) -> QuerySet[Container]:
    """Locked, but those that somebody else has locked; on SQLite the transaction has locked everything."""
    options: dict[str, Any] = {"skip_locked": True, "no_key": True, "of": ("self",)}
    return rows.select_for_update(**options) if connection.features.has_select_for_update_skip_locked else rows
