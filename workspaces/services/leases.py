"""Who works on which container. A lease outlives a killed worker by seconds; then the next one goes on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from workspaces.models import Container
from workspaces.services.containers import RUNNING

LEASE = timedelta(seconds=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A container that this worker, and no other, works on for as long as it renews the lease."""

    workspace_id: UUID
    wanted: bool
    keep_volumes: bool
    asked_at: datetime | None


def due(now: datetime) -> QuerySet[Container]:
    """The containers with work to do that nobody is at, the longest waiting first."""
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    return Container.objects.filter(free, due_at__lte=now).order_by("due_at", "pk")


def claim_due(worker: str, *, limit: int) -> list[Claim]:
    """Take up to `limit` of them. Two workers never get the same one, nor wait for each other."""
    now = timezone.now()
    if not due(now).exists():
        return []  # asked before the transaction, which on SQLite takes the lock of all writers
    with transaction.atomic():
        rows = list(_skipping_locked(due(now))[:limit])
        claimed = Container.objects.filter(workspace__one_of=[row.pk for row in rows])
        claimed.update(leased_until=now + LEASE, leased_by=worker)
    return [
        Claim(
            workspace_id=row.pk,
            wanted=row.desired == RUNNING,
            keep_volumes=row.keep_volumes,
            asked_at=row.asked_at,
        )
        for row in rows
    ]


def renew(worker: str) -> None:
    """This worker lives, and is at all it has leased."""
    held = Container.objects.filter(leased_by=worker, leased_until__isnull=False)
    held.update(leased_until=timezone.now() + LEASE)


def give_back(worker: str, ids: Collection[UUID]) -> None:
    """Not begun: whoever comes next may take them."""
    Container.objects.filter(workspace__one_of=ids, leased_by=worker).update(leased_until=None, leased_by="")


def _skipping_locked(rows: QuerySet[Container]) -> QuerySet[Container]:
    options: dict[str, Any] = {"skip_locked": True, "no_key": True}
    return rows.select_for_update(**options) if connection.features.has_select_for_update_skip_locked else rows
