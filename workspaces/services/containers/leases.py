"""Leases of containers by workers. A lease outlives a killed worker by seconds; then the next one goes on."""

from __future__ import annotations

from collections.abc import Collection, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from lib.database_clock import database_now
from workspaces.core.containers.lifecycle import Desired
from workspaces.models import Container, Organization
from workspaces.services.containers.fair_turns import next_turns

LEASE = timedelta(seconds=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A container that this worker, and no other, works on for as long as it renews the lease."""

    workspace_id: UUID
    desired: Desired
    keep_volumes: bool
    asked_at: datetime | None
    generation: int = 1
    losses: int = 0


def waiting(now: datetime) -> QuerySet[Container]:
    """The containers with work to do, now or later, without a lease, the longest waiting first."""
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    return Container.objects.filter(free, due_at__isnull=False).order_by("due_at")


def due(now: datetime) -> QuerySet[Container]:
    """Waiting containers that are due now."""
    return waiting(now).filter(due_at__lte=now)


def next_due() -> datetime | None:
    """When the next container without a lease is due; None if there is none."""
    return waiting(database_now()).values_list("due_at", flat=True).first()


def claim_due(worker: str, *, desired: Desired, limit: int) -> list[Claim]:
    """Lease up to `limit` of those that should run, or should go, organizations in turn. Two workers never get the same
    one, nor wait for each other."""
    now = database_now()
    if not limit or not _any_waits(desired, now):
        return []  # before the transaction, which on SQLite takes the lock of all writers
    with transaction.atomic():
        now = database_now()
        claimed = Container.objects.filter(workspace__one_of=next_turns(desired, now=now, limit=limit))
        claimed.update(leased_until=now + LEASE, leased_by=worker)
        rows = list(claimed.order_by("due_at", "pk"))
    return [
        Claim(
            workspace_id=row.pk,
            desired=desired,
            keep_volumes=row.keep_volumes,
            asked_at=row.asked_at,
            generation=row.generation,
            losses=row.losses,
        )
        for row in rows
    ]


def _any_waits(desired: str, now: datetime) -> bool:
    """Whether any waits. By organization, like the index: else many to run are read to find none to go."""
    waits = due(now).filter(desired=desired, organization=OuterRef("pk"))
    return Organization.objects.filter(Exists(waits)).exists()


def renew(worker: str, ids: Collection[UUID]) -> Set[UUID]:
    """Renew this worker's leases; return those still its own. Its other leases run out."""
    return _write(worker, ids, leased_until=database_now() + LEASE)


def give_back(worker: str, ids: Collection[UUID]) -> None:
    """Give back work not begun: any worker may take it."""
    _write(worker, ids, leased_until=None, leased_by="")


def put_off(worker: str, ids: Collection[UUID], *, by: timedelta) -> None:
    """Give back work not begun, for a later try."""
    _write(worker, ids, leased_until=None, leased_by="", due_at=database_now() + by)


def _write(worker: str, ids: Collection[UUID], **values: Any) -> Set[UUID]:
    """Change the rows that are the worker's; return their ids.

    Skips rows being written just now, and their leases run out: a removal that locks many of them would wait for those
    locked here, and this for the removal.
    """
    with transaction.atomic():
        mine = Container.objects.filter(workspace__one_of=ids, leased_by=worker, leased_until__isnull=False)
        keys = list(skipping_locked(mine).values_list("pk", flat=True))
        Container.objects.filter(workspace__one_of=keys).update(**values)
    return frozenset(keys)


def skipping_locked(rows: QuerySet[Container]) -> QuerySet[Container]:
    """The rows locked, without those locked by others; on SQLite the transaction has locked everything."""
    options: dict[str, Any] = {"skip_locked": True, "no_key": True, "of": ("self",)}
    return rows.select_for_update(**options) if connection.features.has_select_for_update_skip_locked else rows
