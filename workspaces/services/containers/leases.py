"""Leases of containers by workers. A lease outlives a killed worker by seconds; then the next one goes on.

Organizations take turns, so that one with many due containers never holds up another one's few. A container's place is
the number of its organization's leased ones, plus its own place among those that wait. The lowest place comes first, at
equal places the longest wait. An index gives each organization's first ones: the statement costs the same with ten due
rows and with a hundred thousand.
"""

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

LEASE = timedelta(seconds=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A container that this worker, and no other, works on for as long as it renews the lease. `current`: it has the
    newest configuration, as far as known. `node` is the machine that has its volumes, "" if the engine has one only."""

    workspace_id: UUID
    desired: Desired
    keep_volumes: bool
    asked_at: datetime | None
    generation: int = 1
    configuration: int = 1
    current: bool = True
    losses: int = 0
    node: str = ""


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
            keep_volumes=row.keeps_data,
            asked_at=row.asked_at,
            generation=row.generation,
            configuration=row.configuration,
            current=row.is_current,
            losses=row.losses,
            node=row.node,
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


# Two workers at the same time find the same rows; behind those that the other has locked there are enough more.
AHEAD = 2

WAITS = """
    desired = %(desired)s AND due_at IS NOT NULL AND due_at <= %(now)s
    AND (leased_until IS NULL OR leased_until <= %(now)s)
"""
# Compared as rows, so that only the index `container_queue` has this order: the planner would rather read all due rows
# by time, and drop those of other organizations.
PLACE = "(desired, organization_id, due_at)"
FIRST = f"""
    FROM workspaces_organization o CROSS JOIN LATERAL (
        SELECT workspace_id, organization_id, due_at FROM workspaces_container
        WHERE {PLACE} >= (%(desired)s, o.id, '-infinity') AND {PLACE} <= (%(desired)s, o.id, %(now)s)
        AND due_at IS NOT NULL AND (leased_until IS NULL OR leased_until <= %(now)s)
        ORDER BY desired, organization_id, due_at LIMIT %(most)s
    ) AS first
"""
FIRST_ON_SQLITE = f"""
    FROM workspaces_organization o JOIN workspaces_container AS first ON first.rowid IN (
        SELECT rowid FROM workspaces_container
        WHERE organization_id = o.id AND {WAITS} ORDER BY due_at LIMIT %(most)s
    )
"""
PLACES = """
    SELECT first.workspace_id, first.due_at AS since, COALESCE(leased.number, 0)
        + row_number() OVER (PARTITION BY first.organization_id ORDER BY first.due_at, first.workspace_id) AS place
    {first}
    LEFT JOIN (
        SELECT organization_id, COUNT(*) AS number FROM workspaces_container
        WHERE desired = %(desired)s AND leased_until > %(now)s GROUP BY organization_id
    ) AS leased ON leased.organization_id = first.organization_id
    ORDER BY place, since, first.workspace_id LIMIT %(most)s
"""
# Checked once more on the locked row: another worker may have taken it since.
TURNS = f"""
    SELECT c.workspace_id FROM ({PLACES}) AS turn JOIN workspaces_container c ON c.workspace_id = turn.workspace_id
    WHERE {WAITS} ORDER BY turn.place, turn.since, turn.workspace_id LIMIT %(limit)s {{lock}}
"""


def next_turns(desired: str, *, now: datetime, limit: int) -> list[UUID]:
    """The ids of up to `limit` containers whose turn it is; their rows are locked until the transaction ends. Skips
    rows locked by others; on SQLite the transaction has locked everything."""
    postgresql = connection.vendor == "postgresql"
    first, lock = (FIRST, "FOR NO KEY UPDATE OF c SKIP LOCKED") if postgresql else (FIRST_ON_SQLITE, "")
    given = {"desired": desired, "now": now if postgresql else _as_text(now), "limit": limit, "most": AHEAD * limit}
    with connection.cursor() as cursor:
        cursor.execute(TURNS.format(first=first, lock=lock), given)
        return [key if isinstance(key, UUID) else UUID(key) for (key,) in cursor.fetchall()]


def _as_text(moment: datetime) -> str:
    return str(connection.ops.adapt_datetimefield_value(moment))
