"""The list of workspaces as trees: filtered, in pages, a fixed number of queries for any number of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from uuid import UUID

from lib.bounded_count import Tally
from workspaces.admin.shared.tree_order import Spot, forest, live_below
from workspaces.admin.workspace_list.list_filters import BY_HAND, EVERY
from workspaces.admin.workspace_list.list_header import Group, Overview
from workspaces.admin.workspace_list.list_rows import ListFacts, ListRow, identity
from workspaces.admin.workspace_list.removed_rows import RemovedRows
from workspaces.models import Organization, Status, Workspace

ROWS_PER_PAGE = 500


@dataclass(frozen=True, kw_only=True)
class Listing(Overview):
    """All that the list page asks for, where it can read all that is live."""

    number: int = 1

    @cached_property
    def spots(self) -> tuple[Spot, ...]:
        """What is live, as trees; removed ones are read page by page."""
        return forest(Workspace.objects.live().filter(organization__in=self.scope))

    @cached_property
    def names(self) -> Counter[tuple[str, str]]:
        """Live rows of each (organization, name)."""
        return Counter(identity(spot) for spot in self.spots)

    @cached_property
    def shown(self) -> list[int]:
        """Indices of the rows that pass the filters, with those above them, in tree order."""
        return sorted(self._wanted | self._above(self._wanted)) if self.filters.narrow else sorted(self._wanted)

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
        """First those of the trees, then those of what is removed; one where both fit."""
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
        """This page's lines by organization. A page begins with what its first line stands below."""
        if self.short:
            return self._grouped(self._rows(self.shown, context=())) + self._grouped(self._removed_rows(0))
        if self.page > self.live_pages:
            return self._grouped(self._removed_rows((self.page - 1 - self.live_pages) * ROWS_PER_PAGE))
        wanted = self.shown[(self.page - 1) * ROWS_PER_PAGE : self.page * ROWS_PER_PAGE]
        context = self._above(wanted[:1]) - set(wanted)
        return self._grouped(self._rows(sorted(context) + wanted, context=context))

    def _grouped(self, rows: Sequence[ListRow]) -> list[Group]:
        return [
            self._group(self.organizations[slug], tuple(same))
            for slug, same in groupby(rows, key=lambda row: row.spot.stem.organization)
        ]

    @cached_property
    def _wanted(self) -> set[int]:
        return {
            index
            for index, spot in enumerate(self.spots)
            if self.filters.wants(spot, twice=self.names[identity(spot)] > 1)
            and (self._only is None or spot.id in self._only)
        }

    @cached_property
    def _only(self) -> frozenset[UUID] | None:
        """Ids that filters beyond the tree's own columns leave; None where all are wanted."""
        if not self.filters.failing:
            return self._made
        ids = frozenset(self._failing.values_list("pk", flat=True))
        return ids if self._made is None else ids & self._made

    @cached_property
    def _made(self) -> frozenset[UUID] | None:
        """Ids of what was made in the way that is asked for; None where all are wanted."""
        if not self.filters.by:
            return None
        mine = Workspace.objects.filter(organization__in=self.scope).values("id")
        rows = Workspace.history.filter(history_type="+", id__in=mine)
        by_hand = self.filters.by == BY_HAND
        return frozenset(rows.filter(history_import_id__isnull=by_hand).values_list("id", flat=True))

    def _above(self, indices: Collection[int]) -> set[int]:
        found: set[int] = set()
        for start in indices:
            index = self.spots[start].parent
            while index is not None and index not in found:
                found.add(index)
                index = self.spots[index].parent
        return found

    def _group(self, organization: Organization, rows: tuple[ListRow, ...]) -> Group:
        slug = organization.slug
        twice = sum(1 for (where, _), count in self.names.items() if where == slug and count > 1)
        return Group(organization=organization, live=self.live_in(slug), twice=twice, rows=rows)

    def _rows(self, indices: Sequence[int], *, context: Collection[int]) -> list[ListRow]:
        spots = [self.spots[index] for index in indices]
        parents = {spot.parent for spot in spots}
        below = live_below(self.spots)
        facts = ListFacts.of(spots, twins=self._twins(spots))
        return [
            facts.row(
                spot,
                context=index in context or index not in self._wanted,
                below=below[index],
                has_below=index in parents,
            )
            for index, spot in zip(indices, spots, strict=True)
            if spot.id in facts.columns
        ]

    def _removed_rows(self, start: int) -> list[ListRow]:
        spots = self.removed.page(start, ROWS_PER_PAGE) if self.removed_count else []
        facts = ListFacts.of(spots, twins={})
        return [facts.row(spot) for spot in spots if spot.id in facts.columns]

    def _twins(self, spots: Sequence[Spot]) -> dict[tuple[str, str], list[Spot]]:
        """The live rows that share a name with one of `spots`, by organization and name."""
        shared = {identity(spot) for spot in spots if self.names[identity(spot)] > 1}
        twins: dict[tuple[str, str], list[Spot]] = {key: [] for key in shared}
        for spot in self.spots:
            if identity(spot) in shared:
                twins[identity(spot)].append(spot)
        return twins
