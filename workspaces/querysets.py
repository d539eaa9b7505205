"""Questions asked of the rows: which are live, which lie below others, which a user may see."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.db import connections, models

from orgsite import bulk  # noqa: F401 - registers the `one_of` lookup

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from workspaces.models import Organization, Workspace  # noqa: F401 - named in the base classes

LIVE_SUBTREE = """
    WITH RECURSIVE subtree(id) AS (
        SELECT id FROM workspaces_workspace WHERE id IN ({roots}) AND status <> 'removed'
        UNION
        SELECT child.id FROM workspaces_workspace child
        JOIN subtree ON child.parent_id = subtree.id WHERE child.status <> 'removed'
    )
    SELECT id FROM subtree
"""


class OrganizationQuerySet(models.QuerySet["Organization"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Those the user is a member of; a superuser sees all, nobody and a disabled user see none."""
        if not user.is_active:
            return self.none()
        return self if user.is_superuser else self.filter(members=user.pk)


class WorkspaceQuerySet(models.QuerySet["Workspace"]):
    def live(self) -> Self:
        return self.exclude(status="removed")

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Those of the organizations the user may see."""
        if not user.is_active:
            return self.none()
        return self if user.is_superuser else self.filter(organization__members=user.pk)

    def live_subtree_ids(self, roots: Collection[UUID]) -> frozenset[UUID]:
        """Ids of the live rows among `roots` and of everything live below them: one statement, and a cycle ends it."""
        connection = connections[self.db]
        with connection.cursor() as cursor:
            source, params = _ids_as_rows(roots, connection.vendor)
            cursor.execute(LIVE_SUBTREE.format(roots=source), params)
            return frozenset(UUID(str(value)) for (value,) in cursor.fetchall())


def _ids_as_rows(ids: Collection[UUID], vendor: str) -> tuple[str, list[Any]]:
    if vendor == "sqlite":
        return "SELECT value FROM json_each(%s)", [json.dumps([value.hex for value in ids])]
    return "SELECT unnest(%s::uuid[])", [list(ids)]
