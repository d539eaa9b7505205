"""Queries of the rows: the live ones, those below others, those a user may see; and the lock of an organization."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, Self
from uuid import UUID

from django.apps import apps
from django.db import connections, models
from django.db.models import OuterRef, Value
from django.db.models.functions import Upper

from lib import bulk  # registers the `one_of` lookup, too
from lib.bounded_count import CappedCount
from lib.case_insensitive import Folded
from workspaces import access
from workspaces.core.names import sought_name
from workspaces.models.status import Status

if TYPE_CHECKING:
    from workspaces.access import AnyUser, Right
    from workspaces.models import FileSet, Organization, Workspace  # noqa: F401 - named in the base classes

# One step of a walk finds children by their parent, whatever the planner believes. The plus keeps it off the
# organization's index, and `OFFSET 0` keeps PostgreSQL from reading all rows at each step.
SAME_ORGANIZATION = "+child.organization_id = subtree.organization_id"
BELOW = f"""
    subtree CROSS JOIN LATERAL (
        SELECT * FROM workspaces_workspace child WHERE parent_id = subtree.id AND {SAME_ORGANIZATION} OFFSET 0
    ) AS child
"""
BELOW_ON_SQLITE = f"workspaces_workspace child JOIN subtree ON child.parent_id = subtree.id AND {SAME_ORGANIZATION}"

SUBTREE = """
    WITH RECURSIVE subtree(id, organization_id) AS (
        SELECT id, organization_id FROM workspaces_workspace WHERE id IN ({roots})
        UNION
        SELECT child.id, child.organization_id FROM {below}
    )
    SELECT id FROM subtree
"""

# The columns are carried along: looking all rows up again would take as long as the walk.
LIVE_SUBTREE = """
    WITH RECURSIVE subtree(id, parent_id, name, protected, organization_id) AS (
        SELECT id, parent_id, name, protected, organization_id FROM workspaces_workspace
        WHERE id IN ({roots}) AND status <> 'removed'
        UNION
        SELECT child.id, child.parent_id, child.name, child.protected, child.organization_id
        FROM {below} WHERE child.status <> 'removed'
    )
    SELECT subtree.id, parent_id, subtree.name, slug, protected
    FROM subtree JOIN workspaces_organization o ON o.id = organization_id ORDER BY slug, subtree.id
"""

# Each step looks up a few parents; a plain join would have the planner read all rows for it.
LINE = """
    WITH RECURSIVE line(id, parent_id, name) AS (
        SELECT id, parent_id, name FROM workspaces_workspace WHERE id IN ({ids})
        UNION
        SELECT above.id, above.parent_id, above.name FROM line
        CROSS JOIN LATERAL (SELECT * FROM workspaces_workspace WHERE id = line.parent_id LIMIT 1) AS above
    )
    SELECT id, parent_id, name FROM line
"""

LINE_ON_SQLITE = """
    WITH RECURSIVE line(id, parent_id, name) AS (
        SELECT id, parent_id, name FROM workspaces_workspace WHERE id IN ({ids})
        UNION
        SELECT above.id, above.parent_id, above.name FROM workspaces_workspace above
        JOIN line ON above.id = line.parent_id
    )
    SELECT id, parent_id, name FROM line
"""


class OrganizationQuerySet(models.QuerySet["Organization"]):
    def visible_to(self, user: AnyUser, *, to: Right | None = None) -> Self:
        """The user's organizations: all for a superuser, none for None or a disabled user. Denied without `to`."""
        return access.visible(self, user, members="members", to=to)

    def count_live(self) -> Self:
        """Each with `live_count`, its live workspaces as far as they are counted (`Tally.of`)."""
        return self.annotate(live_count=CappedCount(_inside().live()))

    def count_by_status(self) -> Self:
        """Each with `removed_count`, `online_count` and so on, the workspaces of each status, as far as counted."""
        return self.annotate(**{f"{status}_count": CappedCount(_inside().filter(status=status)) for status in Status})

    def lock(self, ids: Collection[int] | models.QuerySet[Any, Any]) -> list[Organization]:
        """Lock the organizations with these `ids` (or a query for them). Every change of a tree's structure does this
        first, inside a transaction.

        On SQLite the transaction itself has the database's only write lock (`IMMEDIATE`). Raises OperationalError if
        the lock is not free within ORGSITE_LOCK_TIMEOUT seconds.
        """
        # Danger: all in ONE call, ordered by key. Two calls in one transaction can deadlock with another caller.
        # `no_key`: rows that only refer to the organization (a new run) are inserted without waiting for the lock.
        return list(self.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))

    def lock_where_free(self, places: Mapping[UUID, int]) -> frozenset[UUID]:
        """Lock the organizations of `places` (id → its organization); return the ids whose organization was free.

        Skips organizations that are locked: the worker must not block on one.
        """
        rows = self.filter(pk__in=set(places.values())).order_by("pk")
        if connections[self.db].features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(no_key=True, skip_locked=True)
        free = frozenset(rows.values_list("pk", flat=True))
        return frozenset(key for key, place in places.items() if place in free)


def _inside() -> WorkspaceQuerySet:
    rows: WorkspaceQuerySet = apps.get_model("workspaces", "Workspace")._default_manager.all()
    return rows.filter(organization=OuterRef("pk"))


class FileSetQuerySet(models.QuerySet["FileSet"]):
    def hold(self, digests: Collection[str]) -> frozenset[str]:
        """Lock the stored ones of `digests` until the transaction ends, and return them.

        The lock (`KEY SHARE`) is the one that a foreign key takes: it blocks only a delete of the row. On SQLite the
        transaction itself holds the database's only write lock.
        """
        found = self.filter(pk__one_of=sorted(digests)).order_by("pk").values_list("pk", flat=True)
        connection = connections[self.db]
        statement, params = found.query.get_compiler(connection=connection).as_sql()
        with connection.cursor() as cursor:
            cursor.execute(f"{statement} FOR KEY SHARE" if connection.vendor == "postgresql" else statement, params)
            return frozenset(digest for (digest,) in cursor.fetchall())

    def unused(self) -> Self:
        """File sets without any workspace, live or removed, any preview, any kept template and any memory of a run."""
        return self.filter(workspaces=None, previews=None, runs=None, memories=None)


class WorkspaceQuerySet(models.QuerySet["Workspace"]):
    def delete(self) -> NoReturn:
        """Refused: rows stay. The one way to remove a workspace is `services.removal.cascading.cascade_delete`."""
        raise TypeError("Workspaces are not deleted: call cascade_delete.")

    def live(self) -> Self:
        return self.exclude(status="removed")

    def differing(self) -> Self:
        """The live rows that are not what their template says, from an index of their own."""
        return self.live().exclude(differs="")

    def visible_to(self, user: AnyUser, *, to: Right | None = None) -> Self:
        """The rows in organizations that the user may see. Denied without the right `to`."""
        return access.visible(self, user, members="organization__members", to=to)

    def called(self, name: str) -> Self:
        """Rows of that name, or of the exact text. The index has names without their case, for each organization."""
        organizations = apps.get_model("workspaces", "Organization")._default_manager
        everywhere = list(organizations.values_list("pk", flat=True))
        names = {name, sought_name(name)}
        capitals = [Upper(Value(each)) for each in names]
        folded = self.alias(folded=Folded("name")).filter(organization__in=everywhere, folded__in=capitals)
        return folded.filter(name__in=names)

    def names_above(self, ids: Collection[UUID]) -> dict[UUID, tuple[str, ...]]:
        """Id → the names above that workspace, root first: one statement, and a cycle ends it."""
        line = self.lines(ids)
        return {key: _above(key, line) for key in ids if key in line}

    def paths(self, ids: Collection[UUID]) -> dict[UUID, tuple[str, ...]]:
        """Id → the names from the root to that workspace, its own last: one statement, none for no ids."""
        line = self.lines(ids) if ids else {}
        return {key: (*_above(key, line), line[key][1]) for key in ids if key in line}

    def lines(self, ids: Collection[UUID]) -> dict[UUID | None, tuple[UUID | None, str]]:
        """The workspaces and all their ancestors: id → parent and name. One statement."""
        connection = connections[self.db]
        with connection.cursor() as cursor:
            source, params = _ids_as_rows(ids, connection.vendor)
            cursor.execute((LINE_ON_SQLITE if connection.vendor == "sqlite" else LINE).format(ids=source), params)
            return {_uuid(key): (_uuid(parent), name) for key, parent, name in cursor.fetchall()}

    def live_subtree(self, roots: Collection[UUID]) -> list[tuple[UUID, UUID | None, str, str, bool]]:
        """The live rows among `roots` and everything live below them, by organization and age: one statement.

        For each: id, parent's id, name, slug of the organization, and whether it is protected. A cycle ends the walk.
        """
        rows = self._walk_down(LIVE_SUBTREE, roots)
        if connections[self.db].vendor != "sqlite":
            return rows
        return [(UUID(key), _uuid(parent), name, slug, bool(kept)) for key, parent, name, slug, kept in rows]

    def subtree_ids(self, roots: Collection[UUID]) -> frozenset[UUID]:
        """The ids of all rows, live and removed, among `roots` and below them."""
        return frozenset(key for (value,) in self._walk_down(SUBTREE, roots) if (key := _uuid(value)))

    def _walk_down(self, statement: str, roots: Collection[UUID]) -> list[Any]:
        connection = connections[self.db]
        with connection.cursor() as cursor:
            source, params = _ids_as_rows(roots, connection.vendor)
            below = BELOW_ON_SQLITE if connection.vendor == "sqlite" else BELOW
            cursor.execute(statement.format(roots=source, below=below), params)
            rows: list[Any] = cursor.fetchall()
            return rows


def _ids_as_rows(ids: Collection[UUID], vendor: str) -> tuple[str, list[Any]]:
    if vendor == "sqlite":
        return "SELECT value FROM json_each(%s)", [json.dumps([value.hex for value in ids])]
    return "SELECT unnest(%s::uuid[])", [bulk.as_array(ids)]


def _above(key: UUID, line: Mapping[UUID | None, tuple[UUID | None, str]]) -> tuple[str, ...]:
    names: list[str] = []
    seen = {key}
    parent = line[key][0]
    while parent in line and parent is not None and parent not in seen:
        seen.add(parent)
        parent, name = line[parent]
        names.append(name)
    return tuple(reversed(names))


def _uuid(value: Any) -> UUID | None:
    return value if value is None or isinstance(value, UUID) else UUID(value)
