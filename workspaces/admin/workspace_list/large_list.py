"""The list of workspaces for trees too large to be read whole: page by page, each from a place on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber

from lib.bounded_count import Tally
from lib.case_insensitive import Folded
from workspaces.admin.workspace_list.large_matches import Matches
from workspaces.admin.workspace_list.list_header import Group, Overview
from workspaces.admin.workspace_list.list_rows import ListFacts, ListRow, Names, identity
from workspaces.admin.workspace_list.removed_rows import RemovedRows
from workspaces.models import Organization, Status, Workspace
from workspaces.models.tree_pages import COLUMNS, StoredPlace, TreePlace, grow, place_of, walk

ROWS_PER_PAGE = 500
MATCHES_PER_PAGE = 100  # with the ancestors of each
NEWEST = 5  # of each name: a later one shows that the others are leftovers

Lines = Mapping[UUID | None, tuple[UUID | None, str]]


@dataclass(frozen=True, kw_only=True)
class FoundPlaces:
    """The places on a page, in its order; the rows that are context; the row that the next page follows."""

    places: Sequence[TreePlace]
    context: frozenset[UUID]
    next: UUID | None


@dataclass(frozen=True, kw_only=True)
class LargeListing(Overview):
    """The context of the list page. `after` is the workspace before the page.

    Removed ones alone have numbered pages, latest first; a link to them follows the live trees.
    """

    number: int = 1
    after: UUID | None = None
    large = True
    twice = None  # all names would have to be compared

    @property
    def numbered(self) -> bool:
        return self.filters.status == Status.REMOVED and not self.filters.selective

    @property
    def next(self) -> UUID | None:
        return self._found.next

    @cached_property
    def pages(self) -> int:
        return max(1, -(-self._removed.count.number // ROWS_PER_PAGE))

    @property
    def page(self) -> int:
        return min(max(self.number, 1), self.pages)

    @property
    def found(self) -> Tally | None:
        """The number of matches; None for a page that starts further on."""
        if self.numbered or not self.filters.narrow:
            return self.with_status(self.filters.status)
        number = len(self._found.places) - len(self._found.context)
        return Tally(number=number, more=self.next is not None) if self._start is None else None

    @cached_property
    def groups(self) -> list[Group]:
        """This page's lines by organization."""
        rows = groupby(self._rows(), key=lambda row: row.place.organization)
        return [
            Group(organization=self.organizations[slug], live=self.live_in(slug), twice=None, rows=tuple(same))
            for slug, same in rows
        ]

    def _rows(self) -> list[ListRow]:
        places, context = self._found.places, self._found.context
        twins, used = _twins(places, self.scope)
        facts = ListFacts.of(places, twins=twins, used=used)
        parents = {above.id for above, place in pairwise(places) if place.live and _is_parent(above, place)}
        return [
            facts.row(place, context=place.id in context, below=None, has_below=place.id in parents)
            for place in places
            if place.id in facts.columns
        ]

    @cached_property
    def _found(self) -> FoundPlaces:
        if self.numbered:
            places = self._removed.page((self.page - 1) * ROWS_PER_PAGE, ROWS_PER_PAGE)
            return FoundPlaces(places=places, context=frozenset(), next=None)
        return self._matching() if self.filters.narrow else self._walked()

    @property
    def _removed(self) -> RemovedRows:
        return RemovedRows(organizations=self.scope)

    @cached_property
    def _start(self) -> Workspace | None:
        rows = Workspace.objects.filter(organization__in=self.scope).select_related("organization")
        return rows.filter(pk=self.after).first() if self.after else None

    # ---- the trees

    def _walked(self) -> FoundPlaces:
        """The page in tree order. It begins with the ancestors of its first line."""
        line = _line(self._start.pk, Workspace.objects.lines([self._start.pk])) if self._start else []
        steps = walk(self.scope, most=ROWS_PER_PAGE + 1, after=self._start, line=line)
        more, steps = len(steps) > ROWS_PER_PAGE, steps[:ROWS_PER_PAGE]
        above = [_place_in(line[: i + 1], steps[0]) for i in range(steps[0].depth)] if steps else []
        return FoundPlaces(
            places=[*above, *steps],
            context=frozenset(step.id for step in above),
            next=steps[-1].id if more else None,
        )

    # ---- search

    def _matching(self) -> FoundPlaces:
        rows = Matches(filters=self.filters, organizations=self.scope).page(MATCHES_PER_PAGE + 1, after=self._start)
        more, rows = len(rows) > MATCHES_PER_PAGE, rows[:MATCHES_PER_PAGE]
        lines = Workspace.objects.lines([row.id for row in rows]) if rows else {}
        live = [row for row in rows if row.status != Status.REMOVED]
        above = _all_above(live, lines)
        removed = [
            place_of(row, (name for _, name in _line(row.id, lines))) for row in rows if row.status == Status.REMOVED
        ]
        return FoundPlaces(
            places=sorted([*grow([*live, *above]).rows, *removed], key=attrgetter("organization")),
            context=frozenset(row.id for row in above),
            next=rows[-1].id if more else None,
        )


def _is_parent(above: TreePlace, place: TreePlace) -> bool:
    """Whether the row is the parent of the next one: a first child follows its parent."""
    return above.organization == place.organization and above.trail == place.trail[:-1]


def _place_in(line: Sequence[tuple[UUID, str]], first: TreePlace) -> TreePlace:
    """The lowest of a line that is above the page's first row."""
    trail = tuple(name for _, name in line)
    return TreePlace(id=line[-1][0], organization=first.organization, status=Status.ONLINE, trail=trail)


def _line(key: UUID | None, lines: Lines) -> list[tuple[UUID, str]]:
    """Id and name of the workspace and of all above it, root first."""
    found: list[tuple[UUID, str]] = []
    while key in lines and key is not None and all(key != other for other, _ in found):
        parent, name = lines[key]
        found.append((key, name))
        key = parent
    return found[::-1]


def _all_above(rows: Sequence[StoredPlace], lines: Lines) -> list[StoredPlace]:
    """The rows' ancestors that are not among them."""
    wanted = {row.id for row in rows}
    found: dict[UUID, StoredPlace] = {}
    for row in rows:
        for key, name in _line(row.parent_id, lines):
            if key not in wanted:
                found[key] = StoredPlace(key, lines[key][0], name, row.organization, Status.ONLINE)
    return list(found.values())


def _twins(
    places: Sequence[TreePlace], organizations: Sequence[Organization]
) -> tuple[Names, Mapping[tuple[str, str], int]]:
    """The newest live ones of each name on the page that is used twice, and their number. Trails are short."""
    ids = [place.id for place in places if place.live]
    if not ids:
        return {}, {}
    named: dict[tuple[str, str], list[TreePlace]] = {}
    used: dict[tuple[str, str], int] = {}
    for *values, above, count in _same_names(ids, organizations):
        row = StoredPlace._make(values)
        place = place_of(row, (above, row.name) if above else (row.name,))
        named.setdefault(identity(place), []).append(place)
        used[identity(place)] = count
    wanted = {identity(place) for place in places}
    twice = {key: same for key, same in named.items() if key in wanted and used[key] > 1}
    return twice, used


def _same_names(ids: Sequence[UUID], organizations: Sequence[Organization]) -> Sequence[Any]:
    here = Workspace.objects.filter(id__one_of=ids).order_by().values(folded=Folded("name"))
    same = Workspace.objects.live().filter(organization__in=[each.pk for each in organizations])
    name = [F("organization"), F("name")]
    newest = (
        same.order_by()
        .alias(folded=Folded("name"))
        .filter(folded__in=here)
        .annotate(
            used=Window(Count("*"), partition_by=name),
            place=Window(RowNumber(), partition_by=name, order_by=F("created_at").desc()),
        )
        .filter(used__gt=1, place__lte=NEWEST)
    )
    return list(newest.values_list(*COLUMNS, "parent__name", "used"))
