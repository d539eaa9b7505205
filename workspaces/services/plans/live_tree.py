"""The live tree, read for a plan: the last run first, because a run between the two reads must make a plan stale."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from workspaces.core.planning.plan import Contents
from workspaces.core.planning.plan_values import PLANNED, Live, Plan
from workspaces.errors import PlanChanged
from workspaces.models import Organization, Workspace
from workspaces.services.plans.contents import read_contents


def last_run(organization: Organization) -> UUID | None:
    """The organization's last run that changed something, as the database has it now."""
    return Organization.objects.filter(pk=organization.pk).values_list("last_run", flat=True).get()


def snapshot(organization: Organization) -> tuple[Live, ...]:
    """All live workspaces of the organization, in no order: one query."""
    return tuple(map(Live._make, _rows(organization)))


class Stored:
    """The last run, and the same rows as SQLite has them, digits instead of UUIDs: quick to read again and compare."""

    def __init__(self, organization: Organization) -> None:
        self.last_run, rows = last_run(organization), _rows(organization)
        sql, parameters = rows.query.sql_with_params()
        with connections[rows.db].cursor() as cursor:
            cursor.execute(sql, parameters)
            self._rows = cursor.fetchall()
        self._contents: Contents = {}

    def live(self) -> tuple[Live, ...]:
        """As `snapshot` gives them."""
        return tuple(map(_live, self._rows))

    def contents_of(self, ids: Collection[UUID]) -> Contents:
        """The fields of these workspaces, kept to be compared."""
        self._contents = read_contents(ids)
        return self._contents

    def plans_like(self, other: Stored) -> bool:
        """Whether plans over both are the same: all that a fingerprint covers is alike."""
        alike = self.last_run == other.last_run and len(self._rows) == len(other._rows)
        same_rows = alike and self._read() == other._read()
        return same_rows and other.contents_of(self._contents.keys()) == self._contents

    def _read(self) -> set[tuple[Any, ...]]:
        return {row[:PLANNED] for row in self._rows}


def _rows(organization: Organization) -> QuerySet[Any, Any]:
    live = Workspace.objects.live().filter(organization=organization).order_by()
    # Text, as PostgreSQL (its sessions are in UTC) and SQLite write a moment: it sorts, and is read in no time.
    return live.annotate(made=Cast("created_at", TextField())).values_list(*Live._fields)


def _live(row: tuple[Any, ...]) -> Live:
    key, parent, name, protected, *rest = row
    return Live(UUID(key), parent and UUID(parent), name, bool(protected), *rest)


def verify(plan: Plan, organization: Organization) -> None:
    """Check that as many are live as was planned; if not, all is rolled back. Raises PlanChanged."""
    if Workspace.objects.live().filter(organization=organization).count() != plan.live_after:
        raise PlanChanged(plan)
