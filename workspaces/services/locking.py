"""One lock per organization: its row. Whoever changes a tree's structure takes it first, inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from workspaces.models import Organization


def lock_organizations(ids: Collection[int] | QuerySet[Any, Any]) -> list[Organization]:
    """Lock the rows (`ids`, or a query for them) in one order, so that two callers never wait for each other in a ring.

    On SQLite the transaction itself holds the database's only write lock (`IMMEDIATE`). Raises OperationalError when
    the lock is not free within ORGSITE_LOCK_TIMEOUT seconds.
    """
    # `no_key`: rows that only point at the organization (a run that begins) are inserted without waiting for the lock.
    return list(Organization.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))


def lock_where_free(places: Mapping[UUID, int]) -> frozenset[UUID]:
    """Lock the organizations (id → its organization) that nobody else has locked; return the ids that are in them.

    Who serves all organizations waits for none of them.
    """
    rows = Organization.objects.filter(pk__in=set(places.values())).order_by("pk")
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(no_key=True, skip_locked=True)
    free = frozenset(rows.values_list("pk", flat=True))
    return frozenset(key for key, place in places.items() if place in free)
