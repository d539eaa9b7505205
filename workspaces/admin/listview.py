"""The list of workspaces as trees: filtered, in pages, a fixed number of queries for any number of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Count, QuerySet
from django.http import QueryDict

from workspaces.admin.forest import Spot, forest, live_below
from workspaces.admin.listrows import Facts, ListRow, identity
from workspaces.admin.removedview import RemovedRows
from workspaces.core.plan import SEPARATOR
from workspaces.models import Container, Organization, Status, Workspace
from workspaces.services.containers import failing

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ROWS_PER_PAGE = 500
LIVE, EVERY = "live", "all"
BY_IMPORT, BY_HAND = "import", "hand"
FAILING = "failing"
STATUSES = (LIVE, *(str(status) for status in Status), EVERY)


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """What the address asks for."""

    find: str = ""
    organization: str = ""
    status: str = LIVE
    twice: bool = False
    by: str = ""
    failing: bool = False

    @classmethod
    def of(cls, query: QueryDict) -> Filters:
        failing = query.get("container") == FAILING
        usual = EVERY if failing else LIVE  # what could not be released is removed
        status = query.get("status", usual)
        return cls(
            find=query.get("q", "").replace("\0", "").strip(),
            organization=query.get("org", ""),
            status=status if status in STATUSES else usual,
            twice=query.get("names") == "twice",
            by=by if (by := query.get("by", "")) in (BY_IMPORT, BY_HAND) else "",
            failing=failing,
        )

    @property
    def narrow(self) -> bool:
        """Whether a row is shown for itself, with what stands above it as context."""
        return bool(self.find or self.twice or self.by or self.failing or self.status not in (LIVE, EVERY))

    def wants(self, spot: Spot, *, twice: bool) -> bool:
        return self._wants_status(spot.stem.status) and (twice or not self.twice) and self._finds(spot)

    def _wants_status(self, status: str) -> bool:
        return self.status in (LIVE, EVERY, status)

    def _finds(self, spot: Spot) -> bool:
        """By name, by the beginning of the id, or by path where a path is asked for."""
        text = self.find.casefold()
        where = spot.path if SEPARATOR.strip() in text else spot.name
        return not text or text in where.casefold() or str(spot.id).startswith(text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """The lines of one organization on this page: of its tree, or of what was removed."""

    organization: Organization
    live: int
    twice: int
    rows: tuple[ListRow, ...]

    @property
    def removed(self) -> bool:
        return not any(row.live for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All that the list page asks for."""

    user: User
    filters: Filters
    number: int = 1

    @cached_property
    def organizations(self) -> dict[str, Organization]:
        return {each.slug: each for each in Organization.objects.visible_to(self.user)}

    @cached_property
    def by_status(self) -> Counter[tuple[str, str]]:
        """Rows of each (organization, status)."""
        rows = Workspace.objects.visible_to(self.user).order_by().values_list("organization__slug", "status")
        return Counter({(slug, status): count for slug, status, count in rows.annotate(count=Count("pk"))})

    @cached_property
    def spots(self) -> tuple[Spot, ...]:
        """What is live, as trees; removed ones are read page by page."""
        rows = Workspace.objects.visible_to(self.user).live()
        if self.filters.organization:
            rows = rows.filter(organization=self.organizations.get(self.filters.organization))
        return forest(rows)

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
        return RemovedRows(user=self.user, find=self.filters.find, slug=self.filters.organization, ids=self._only)

    @cached_property
    def removed_count(self) -> int:
        wanted = self.filters.status in (EVERY, Status.REMOVED) and not self.filters.twice
        return self.removed.count if wanted else 0

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
    def found(self) -> int:
        return len(self._wanted) + self.removed_count

    @property
    def twice(self) -> int:
        """Live rows whose name another live row of their organization has too."""
        return sum(count for count in self.names.values() if count > 1)

    def live_in(self, slug: str = "") -> int:
        """Live rows of that organization, or of all that are visible."""
        return sum(
            count
            for (where, status), count in self.by_status.items()
            if status != Status.REMOVED and slug in ("", where)
        )

    def with_status(self, status: str) -> int:
        """Rows of that status (or of LIVE or EVERY) in the organization that is chosen, or in all."""
        live = status == LIVE
        return sum(
            count
            for (where, each), count in self.by_status.items()
            if self.filters.organization in ("", where)
            and (each != Status.REMOVED if live else status in (EVERY, each))
        )

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

    @property
    def failing(self) -> int:
        """Workspaces whose container is not what it should be, with an error, in the organization that is chosen."""
        return self._failing.count()

    @property
    def _failing(self) -> QuerySet[Container]:
        rows = failing(self.user)
        slug = self.filters.organization
        return rows.filter(workspace__organization__slug=slug) if slug else rows

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
        mine = Workspace.objects.visible_to(self.user).values("id")
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
        facts = Facts.of(spots, twins=self._twins(spots))
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
        facts = Facts.of(spots, twins={})
        return [facts.row(spot) for spot in spots if spot.id in facts.columns]

    def _twins(self, spots: Sequence[Spot]) -> dict[tuple[str, str], list[Spot]]:
        """The live rows that share a name with one of `spots`, by organization and name."""
        shared = {identity(spot) for spot in spots if self.names[identity(spot)] > 1}
        twins: dict[tuple[str, str], list[Spot]] = {key: [] for key in shared}
        for spot in self.spots:
            if identity(spot) in shared:
                twins[identity(spot)].append(spot)
        return twins
