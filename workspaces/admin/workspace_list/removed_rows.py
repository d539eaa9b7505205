"""Removed workspaces, which only grow in number: read page by page, latest first, each with the path it had."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.db.models import Q

from lib.bounded_count import Tally, tally
from workspaces.admin.workspace_list.list_filters import with_id
from workspaces.core.search import Search
from workspaces.models import Organization, Status, Workspace
from workspaces.models.querysets import WorkspaceQuerySet
from workspaces.models.tree_pages import COLUMNS, StoredPlace, TreePlace, place_of
from workspaces.services.past_paths import paths_at_removal


@dataclass(frozen=True, kw_only=True)
class RemovedRows:
    """The organizations' rows whose name, path or id has `find`; rows beyond COUNTED are found by a search only.

    `ids` narrows them further if it is not None.
    """

    organizations: Sequence[Organization]
    find: str = ""
    ids: Collection[UUID] | None = None

    @cached_property
    def count(self) -> Tally:
        return tally(self._rows)

    def page(self, start: int, length: int) -> list[TreePlace]:
        several = ["organization__slug"] if len(self.organizations) > 1 else []  # one alone is in the index's order
        ordered = self._rows.order_by(*several, "-removed_at", "name", "id").values_list(*COLUMNS)
        rows = [StoredPlace._make(values) for values in ordered[start : start + length]]
        paths = paths_at_removal([row.id for row in rows])
        return [place_of(row, paths[row.id]) for row in rows]

    @cached_property
    def _rows(self) -> WorkspaceQuerySet:
        rows = Workspace.objects.filter(Q(status=Status.REMOVED), organization__in=self.organizations)
        if self.ids is not None:
            rows = rows.filter(id__one_of=self.ids)
        return self._found(rows) if self.find else rows

    def _found(self, rows: WorkspaceQuerySet) -> WorkspaceQuerySet:
        search = Search(self.find)
        if not search.above:
            return rows.filter(Q(name__icontains=self.find) | with_id(rows, search))
        named = rows.filter(name__istartswith=search.last)
        paths = paths_at_removal(list(named.values_list("id", flat=True)))
        return rows.filter(id__one_of=[key for key, path in paths.items() if search.finds(path)])
