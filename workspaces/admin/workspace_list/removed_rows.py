"""Removed workspaces, which only grow in number: read page by page, latest first, each with the path it had."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.db.models import Q

from lib.bounded_count import Tally, tally
from workspaces.admin.shared.tree_order import Spot, Stem
from workspaces.core.planning.plan_values import SEPARATOR
from workspaces.models import Organization, Status, Workspace
from workspaces.models.querysets import WorkspaceQuerySet
from workspaces.services.past_paths import paths_at_removal


@dataclass(frozen=True, kw_only=True)
class RemovedRows:
    """Those of the organizations whose name, path or id has `find`; what lies beyond COUNTED is found by a search only.

    `ids` narrows them further where it is not None.
    """

    organizations: Sequence[Organization]
    find: str = ""
    ids: Collection[UUID] | None = None

    @cached_property
    def count(self) -> Tally:
        return tally(self._rows)

    def page(self, start: int, length: int) -> list[Spot]:
        columns = ("id", "parent_id", "name", "organization__slug", "status")
        several = ["organization__slug"] if len(self.organizations) > 1 else []  # one alone is in the index's order
        ordered = self._rows.order_by(*several, "-removed_at", "name", "id").values_list(*columns)
        stems = [Stem(*values) for values in ordered[start : start + length]]
        paths = paths_at_removal([stem.id for stem in stems])
        return [Spot(stem, paths[stem.id], None, 0) for stem in stems]

    @cached_property
    def _rows(self) -> WorkspaceQuerySet:
        rows = Workspace.objects.filter(Q(status=Status.REMOVED), organization__in=self.organizations)
        if self.ids is not None:
            rows = rows.filter(id__one_of=self.ids)
        return self._found(rows) if self.find else rows

    def _found(self, rows: WorkspaceQuerySet) -> WorkspaceQuerySet:
        """As in the trees: by path where one is asked for, else by name or the beginning of the id."""
        text, separator = self.find, SEPARATOR.strip()
        if separator not in text:
            return rows.filter(Q(name__icontains=text) | Q(id__in=self._begin_with(rows)))
        named = rows.filter(name__icontains=text.rpartition(separator)[2].strip())
        paths = paths_at_removal(list(named.values_list("id", flat=True)))
        found = [key for key, path in paths.items() if text.casefold() in SEPARATOR.join(path).casefold()]
        return rows.filter(id__one_of=found)

    def _begin_with(self, rows: WorkspaceQuerySet) -> list[UUID]:
        """An id is asked for from its first digits on; eight of them are what the pages show."""
        digits = self.find.replace("-", "").casefold()
        if len(digits) < LEAST_DIGITS or not set(digits) <= set("0123456789abcdef"):
            return []
        low, high = UUID(digits.ljust(32, "0")[:32]), UUID(digits.ljust(32, "f")[:32])
        return list(rows.filter(id__gte=low, id__lte=high).values_list("id", flat=True))


LEAST_DIGITS = 4
