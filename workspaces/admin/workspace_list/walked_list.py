"""The list of workspaces where the trees are too large to be read whole: a page at a time, each from a place on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from uuid import UUID

from lib.bounded_count import Tally
from workspaces.admin.shared.tree_order import Spot, Stem, grow
from workspaces.admin.workspace_list.duplicates import twins_of
from workspaces.admin.workspace_list.list_filters import EVERY, LIVE
from workspaces.admin.workspace_list.list_header import Group, Overview
from workspaces.admin.workspace_list.list_rows import ListFacts, ListRow
from workspaces.admin.workspace_list.removed_rows import RemovedRows
from workspaces.admin.workspace_list.walked_filters import Matches
from workspaces.models import Status, Workspace
from workspaces.models.tree_pages import TreePlace, walk

ROWS_PER_PAGE = 500
MATCHES_PER_PAGE = 100  # with what each of them stands below

Lines = Mapping[UUID | None, tuple[UUID | None, str]]


@dataclass(frozen=True, kw_only=True)
class FoundPlaces:
    """What stands on a page, in its order; the rows there for the others' sake; what the next page comes after."""

    spots: Sequence[Spot]
    context: frozenset[UUID]
    next: UUID | None


@dataclass(frozen=True, kw_only=True)
class LargeListing(Overview):
    """All that the list page asks for. `after` is the workspace that the page comes after.

    Removed ones alone stand in numbered pages, latest first; after those of the live trees comes a link to them.
    """

    number: int = 1
    after: UUID | None = None
    large = True
    twice = None  # all names would have to be compared

    @property
    def numbered(self) -> bool:
        return self.filters.status == Status.REMOVED and not self._narrow

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
        """How many there are; None where the page does not know what lies before it."""
        if not self._narrow:
            return self.with_status(self.filters.status)
        number = len(self._found.spots) - len(self._found.context)
        return Tally(number=number, more=self.next is not None) if self._start is None else None

    @cached_property
    def groups(self) -> list[Group]:
        """This page's lines by organization."""
        rows = groupby(self._rows(), key=lambda row: row.spot.stem.organization)
        return [
            Group(organization=self.organizations[slug], live=self.live_in(slug), twice=None, rows=tuple(same))
            for slug, same in rows
        ]

    def _rows(self) -> list[ListRow]:
        spots, context = self._found.spots, self._found.context
        twins, used = twins_of(spots, self.scope)
        facts = ListFacts.of(spots, twins=twins, used=used)
        parents = {spot.stem.parent_id for spot in spots if spot.stem.status != Status.REMOVED}
        return [
            facts.row(spot, context=spot.id in context, below=None, has_below=spot.id in parents)
            for spot in spots
            if spot.id in facts.columns
        ]

    @cached_property
    def _found(self) -> FoundPlaces:
        if self.numbered:
            spots = self._removed.page((self.page - 1) * ROWS_PER_PAGE, ROWS_PER_PAGE)
            return FoundPlaces(spots=spots, context=frozenset(), next=None)
        return self._matching() if self._narrow else self._walked()

    @property
    def _narrow(self) -> bool:
        filters = self.filters
        return bool(filters.find or filters.twice or filters.by or filters.failing) or filters.status not in (
            LIVE,
            EVERY,
            Status.REMOVED,
        )

    @property
    def _removed(self) -> RemovedRows:
        return RemovedRows(organizations=self.scope)

    @cached_property
    def _start(self) -> Workspace | None:
        rows = Workspace.objects.filter(organization__in=self.scope).select_related("organization")
        return rows.filter(pk=self.after).first() if self.after else None

    # ---- the trees

    def _walked(self) -> FoundPlaces:
        """The page in tree order. It begins with what its first line stands below."""
        line = _line(self._start.pk, Workspace.objects.lines([self._start.pk])) if self._start else []
        steps = walk(self.scope, most=ROWS_PER_PAGE + 1, after=self._start, line=line)
        more, steps = len(steps) > ROWS_PER_PAGE, steps[:ROWS_PER_PAGE]
        above = self._above(steps[0], line) if steps else []
        return FoundPlaces(
            spots=_spots([*above, *steps]),
            context=frozenset(step.id for step in above),
            next=steps[-1].id if more else None,
        )

    def _above(self, first: TreePlace, line: Sequence[tuple[UUID, str]]) -> list[TreePlace]:
        """What the first one of the page stands below: the beginning of the line to the last one of the page before."""
        path = (first.path[0], *(name for _, name in line))
        depth = len(first.path) - 2
        return [TreePlace(id=line[i][0], status="online", path=path[: i + 2]) for i in range(depth)]

    # ---- what is looked for

    def _matching(self) -> FoundPlaces:
        rows = Matches(filters=self.filters, organizations=self.scope).page(MATCHES_PER_PAGE + 1, after=self._start)
        more, rows = len(rows) > MATCHES_PER_PAGE, rows[:MATCHES_PER_PAGE]
        lines = Workspace.objects.lines([row.id for row in rows]) if rows else {}
        removed = [row for row in rows if row.status == Status.REMOVED]
        above = _all_above([row for row in rows if row.status != Status.REMOVED], lines)
        trees = grow([*(row for row in rows if row.status != Status.REMOVED), *above])
        spots = [*trees, *(Spot(row, tuple(name for _, name in _line(row.id, lines)), None, 0) for row in removed)]
        return FoundPlaces(
            spots=sorted(spots, key=lambda spot: spot.stem.organization),
            context=frozenset(stem.id for stem in above),
            next=rows[-1].id if more else None,
        )


def _line(key: UUID | None, lines: Lines) -> list[tuple[UUID, str]]:
    """Id and name of the workspace and of all above it, root first."""
    found: list[tuple[UUID, str]] = []
    while key in lines and key is not None and all(key != other for other, _ in found):
        parent, name = lines[key]
        found.append((key, name))
        key = parent
    return found[::-1]


def _all_above(rows: Sequence[Stem], lines: Lines) -> list[Stem]:
    """What the rows stand below and is none of them."""
    wanted = {row.id for row in rows}
    found: dict[UUID, Stem] = {}
    for row in rows:
        for key, name in _line(row.parent_id, lines):
            if key not in wanted:
                found[key] = Stem(key, lines[key][0], name, row.organization, Status.ONLINE)
    return list(found.values())


def _spots(steps: Sequence[TreePlace]) -> list[Spot]:
    keys = {step.path: step.id for step in steps}
    return [
        Spot(Stem(step.id, keys.get(step.path[:-1]), step.path[-1], step.path[0], step.status), step.path[1:], None, 0)
        for step in steps
    ]
