"""The one crossing from rows to the core's values."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import QuerySet

from workspaces.core.planning.plan_values import Live
from workspaces.models import Organization, Workspace


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

    def live(self) -> tuple[Live, ...]:
        """As `snapshot` gives them."""
        return tuple(map(_live, self._rows))

    def plans_like(self, other: Stored) -> bool:
        """Whether plans over both are the same: all that a fingerprint covers is alike."""
        alike = self.last_run == other.last_run and len(self._rows) == len(other._rows)
        return alike and self._read() == other._read()

    def _read(self) -> set[tuple[Any, ...]]:
        return {row[:4] for row in self._rows}


def _rows(organization: Organization) -> QuerySet[Any, Any]:
    return Workspace.objects.live().filter(organization=organization).order_by().values_list(*Live._fields)


def _live(row: tuple[Any, ...]) -> Live:
    key, parent, name, protected, *rest = row
    return Live(UUID(key), parent and UUID(parent), name, bool(protected), *rest)
