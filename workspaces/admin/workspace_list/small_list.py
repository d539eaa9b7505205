"""The list of workspaces for trees that are read whole: filtered, in pages, a fixed number of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from uuid import UUID

from lib.bounded_count import Tally
from workspaces.admin.workspace_list.list_filters import BY_HAND, EVERY
from workspaces.admin.workspace_list.list_header import Group, Overview
from workspaces.admin.workspace_list.list_rows import ListFacts, ListRow, identity
from workspaces.admin.workspace_list.removed_rows import RemovedRows
from workspaces.core.tree_order import Forest
from workspaces.models import Organization, Status, Workspace
from workspaces.models.tree_pages import TreePlace, forest

ROWS_PER_PAGE = 500


@dataclass(frozen=True, kw_only=True)
class Listing(Overview):
    """The context of the list page if it can read all live rows."""

    number: int = 1

    @cached_property
    def trees(self) -> Forest[TreePlace]:
        """The live trees; removed rows are read page by page."""
        return forest(Workspace.objects.live().filter(organization__in=self.scope))

    @cached_property
    def names(self) -> Counter[tuple[str, str]]:
        """Live rows of each (organization, name)."""
        return Counter(identity(place) for place in self.trees.rows)

    @cached_property
    def shown(self) -> list[int]:
        """Indices of the rows that pass the filters, with those above them, in tree order."""
        return self.trees.with_ancestors(self._wanted) if self.filters.narrow else sorted(self._wanted)

    @cached_property
    def removed(self) -> RemovedRows:
        return RemovedRows(organizations=self.scope, find=self.filters.find, ids=self._only)

    @cached_property
    def removed_count(self) -> int:
        wanted = self.filters.status in (EVERY, Status.REMOVED) and not self.filters.twice
        return self.removed.count.number if wanted else 0

    @property
    def short(self) -> bool:
        return len(self.shown) + self.removed_count <= ROWS_PER_PAGE

    @cached_property
    def live_pages(self) -> int:
        return -(-len(self.shown) // ROWS_PER_PAGE)

    @cached_property
    def pages(self) -> int:
        """First the pages of the trees, then of removed ones; one if both fit."""
        return 1 if self.short else max(1, self.live_pages + -(-self.removed_count // ROWS_PER_PAGE))

    @cached_property
    def page(self) -> int:
        return min(max(self.number, 1), self.pages)

    @property
    def found(self) -> Tally:
        return Tally(number=len(self._wanted)) + (self.removed.count if self.removed_count else Tally())

    @property
    def twice(self) -> Tally:
        """Live rows whose name another live row of their organization has too."""
        return Tally(number=sum(count for count in self.names.values() if count > 1))

    @property
    def groups(self) -> list[Group]:
        """This page's lines by organization."""
        if self.short:
            return self._grouped(self._live_rows(1)) + self._grouped(self._removed_rows(0))
        if self.page > self.live_pages:
            return self._grouped(self._removed_rows((self.page - 1 - self.live_pages) * ROWS_PER_PAGE))
        return self._grouped(self._live_rows(self.page))

    def _grouped(self, rows: Sequence[ListRow]) -> list[Group]:
        return [
            self._group(self.organizations[slug], tuple(same))
            for slug, same in groupby(rows, key=lambda row: row.place.organization)
        ]

    @cached_property
    def _wanted(self) -> set[int]:
        return {
            index
            for index, place in enumerate(self.trees.rows)
            if self.filters.wants(place, twice=self.names[identity(place)] > 1)
            and (self._only is None or place.id in self._only)
        }

    @cached_property
    def _only(self) -> frozenset[UUID] | None:
        """Ids that pass the filters beyond the tree's own columns; None if all are wanted."""
        wanted = [] if self._made is None else [self._made]
        if self.filters.failing:
            wanted.append(frozenset(self._failing.values_list("pk", flat=True)))
        if self.filters.differs:
            rows = Workspace.objects.filter(organization__in=self.scope).differing()
            wanted.append(frozenset(rows.values_list("pk", flat=True)))
        return frozenset.intersection(*wanted) if wanted else None

    @cached_property
    def _made(self) -> frozenset[UUID] | None:
        """Ids of workspaces of the wanted origin; None if all are wanted."""
        if not self.filters.by:
            return None
        mine = Workspace.objects.filter(organization__in=self.scope).values("id")
        rows = Workspace.history.filter(history_type="+", id__in=mine)
        by_hand = self.filters.by == BY_HAND
        return frozenset(rows.filter(history_import_id__isnull=by_hand).values_list("id", flat=True))

    def _group(self, organization: Organization, rows: tuple[ListRow, ...]) -> Group:
        slug = organization.slug
        twice = sum(1 for (where, _), count in self.names.items() if where == slug and count > 1)
        return Group(organization=organization, live=self.live_in(slug), twice=twice, rows=rows)

    def _live_rows(self, number: int) -> list[ListRow]:
        page = self.trees.page(self.shown, number=number, size=ROWS_PER_PAGE)
        places = [self.trees.rows[index] for index in page.indices]
        parents = {self.trees.parents[index] for index in page.indices}
        facts = ListFacts.of(places, twins=self._twins(places))
        return [
            facts.row(
                place,
                context=index in page.context or index not in self._wanted,
                below=self.trees.sizes[index],
                has_below=index in parents,
            )
            for index, place in zip(page.indices, places, strict=True)
            if place.id in facts.columns
        ]

    def _removed_rows(self, start: int) -> list[ListRow]:
        places = self.removed.page(start, ROWS_PER_PAGE) if self.removed_count else []
        facts = ListFacts.of(places, twins={})
        return [facts.row(place) for place in places if place.id in facts.columns]

    def _twins(self, places: Sequence[TreePlace]) -> dict[tuple[str, str], list[TreePlace]]:
        """The live rows that share a name with one of `places`, by organization and name."""
        shared = {key for place in places if self.names[key := identity(place)] > 1}
        twins: dict[tuple[str, str], list[TreePlace]] = {key: [] for key in shared}
        for place in self.trees.rows:
            if identity(place) in shared:
                twins[identity(place)].append(place)
        return twins
