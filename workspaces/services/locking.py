"""The lock of an organization: its row. Every change of a tree's structure takes it first, inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from workspaces.models import Organization


def lock_organizations(ids: Collection[int] | QuerySet[Any, Any]) -> list[Organization]:
    """Lock the organizations with these `ids` (or a query for them).

    On SQLite the transaction itself has the database's only write lock (`IMMEDIATE`). Raises OperationalError if the
    lock is not free within ORGSITE_LOCK_TIMEOUT seconds.
    """
    # Danger: all in ONE call, ordered by key. Two calls in one transaction can deadlock with another caller.
    # `no_key`: rows that only refer to the organization (a new run) are inserted without waiting for the lock.
    return list(Organization.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))


def lock_where_free(places: Mapping[UUID, int]) -> frozenset[UUID]:
    """Lock the organizations of `places` (id → its organization), and return the ids whose organization was free.

    Skips organizations that are locked: the worker must not block on one.
    """
    rows = Organization.objects.filter(pk__in=set(places.values())).order_by("pk")
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(no_key=True, skip_locked=True)
    free = frozenset(rows.values_list("pk", flat=True))
    return frozenset(key for key, place in places.items() if place in free)
