"""The workspaces of a cascade delete as boxes: one for each surviving root, each workspace once, page by page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator

from lib.text import listed, plural
from workspaces.core.names import SEPARATOR
from workspaces.core.planning.removal_plan import fingerprint_of
from workspaces.core.tree_order import Forest
from workspaces.models import Organization, Workspace
from workspaces.services.removal.cascading import Doomed, preview_cascade
from workspaces.services.removal.footprint import Holdings, Total, holdings, total
from workspaces.services.verdicts import Demand, demand_for

ROWS = 500  # on a page
MOST_ADDED = 8  # subtrees whose sizes are written out
MOST_NAMED = 20  # protected ones with a link


@dataclass(frozen=True, kw_only=True, slots=True)
class DoomedRow:
    """One line: the workspace, why it is in the list, and what goes with it."""

    id: UUID
    name: str
    above: str
    depth: int
    selected: bool
    why: str
    protected: bool
    holdings: Holdings


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A surviving root with everything below it. The numbers are those of the whole, `rows` those on this page."""

    path: str
    organization: str
    count: int
    total: Total
    first: int
    rows: tuple[DoomedRow, ...]

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def whole(self) -> bool:
        return len(self.rows) == self.count


@dataclass(frozen=True, kw_only=True)
class CascadeView:
    """The context of the confirmation page. `chosen` are the selected ids."""

    chosen: tuple[UUID, ...]
    doomed: tuple[Doomed, ...]
    number: str = "1"

    @classmethod
    def of(cls, chosen: Collection[UUID], *, number: str = "1") -> CascadeView:
        return cls(chosen=tuple(chosen), doomed=preview_cascade(chosen), number=number)

    # ---- how much goes, on all pages together

    @property
    def count(self) -> int:
        return len(self.doomed)

    @property
    def demand(self) -> Demand:
        return demand_for(self.count)

    @property
    def button(self) -> str:
        return f"Remove {plural(self.count, 'workspace')}"

    @property
    def ids(self) -> tuple[UUID, ...]:
        return tuple(row.id for row in self.doomed)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of what goes, for the form to bring back: the same text, the same workspaces."""
        return fingerprint_of(self.ids)

    @cached_property
    def total(self) -> Total:
        return total(self._holdings.values())

    @property
    def selected_count(self) -> int:
        return sum(1 for row in self.doomed if row.root)

    @property
    def unselected_count(self) -> int:
        return self.count - self.selected_count

    @property
    def gone_before(self) -> int:
        """The number of chosen ones already removed."""
        return len(self.chosen) - self.selected_count

    @property
    def organizations(self) -> list[str]:
        """Names, each once."""
        return [self._names[slug] for slug in dict.fromkeys(row.organization for row in self.doomed)]

    @property
    def organization_names(self) -> str:
        return listed(self.organizations)

    @property
    def summary(self) -> str:
        """`You selected 3. One of them lies below another, so 2 subtrees go: 8 + 2 = 10 workspaces.`"""
        sizes = [len(self._trees.tree(root)) for root in self._trees.roots]
        nested = self.selected_count - len(sizes)
        some = "One of them lies" if nested == 1 else f"{nested:,} of them lie"
        lies = f"{some} below another, so " if nested else ""
        goes = f"{plural(len(sizes), 'subtree')} {'goes' if len(sizes) == 1 else 'go'}"
        total = f"{' + '.join(f'{size:,}' for size in sizes)} = " if 1 < len(sizes) <= MOST_ADDED else ""
        return f"You selected {self.selected_count:,}. {lies}{goes}: {total}{plural(self.count, 'workspace')}."

    # ---- obstacles

    @cached_property
    def protected(self) -> list[Doomed]:
        return [row for row in self.doomed if row.protected]

    @property
    def first_protected(self) -> list[Doomed]:
        return self.protected[:MOST_NAMED]

    @property
    def more_protected(self) -> int:
        return max(0, len(self.protected) - MOST_NAMED)

    # ---- the page

    @cached_property
    def page(self) -> Page[int]:
        lines: Any = range(self.count)
        return Paginator(lines, ROWS).get_page(self.number)

    @property
    def boxes(self) -> list[Box]:
        """Boxes with rows on this page."""
        start = self.page.start_index() - 1
        here = range(start, start + len(self.page))
        trees = (self._trees.tree(root) for root in self._trees.roots)
        return [self._box(tree, here) for tree in trees if tree.start < here.stop and here.start < tree.stop]

    def _box(self, tree: range, here: range) -> Box:
        root = self._trees.rows[tree.start]
        every = [self._holdings[self._trees.rows[index].id] for index in tree]
        above, shown = self._above[root.id], range(max(tree.start, here.start), min(tree.stop, here.stop))
        return Box(
            path=SEPARATOR.join((*above, root.name)),
            organization=self._names[root.organization],
            count=len(every),
            total=total(every),
            first=1 + shown.start - tree.start,
            rows=tuple(self._row(index, above) for index in shown),
        )

    def _row(self, index: int, above: Sequence[str]) -> DoomedRow:
        row, trail, parent = self._trees.rows[index], self._trails[index], self._trees.parents[index]
        below = "" if parent is None else f"below {self._trees.rows[parent].name}"
        return DoomedRow(
            id=row.id,
            name=row.name,
            above=SEPARATOR.join((*above, *trail[:-1])),
            depth=len(trail) - 1,
            selected=row.root,
            why=f"and {below}: counted once" if row.root and below else below and f"{below}, not selected",
            protected=row.protected,
            holdings=self._holdings[row.id],
        )

    # ---- read once

    @cached_property
    def _holdings(self) -> Mapping[UUID, Holdings]:
        return holdings(self.ids)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """Slug → name of each organization concerned."""
        concerned = Organization.objects.filter(slug__in={row.organization for row in self.doomed})
        return dict(concerned.values_list("slug", "name"))

    @cached_property
    def _above(self) -> Mapping[UUID, tuple[str, ...]]:
        """Id of each surviving root → the names above it."""
        gone = set(self.ids)
        return Workspace.objects.names_above([row.id for row in self.doomed if row.parent_id not in gone])

    @cached_property
    def _trees(self) -> Forest[Doomed]:
        """All that goes, in tree order."""
        ordered = sorted(self.doomed, key=self._place)
        return Forest.grown(ordered, key=attrgetter("id"), parent=attrgetter("parent_id"))

    def _place(self, row: Doomed) -> tuple[Any, ...]:
        """The order of siblings; surviving roots are in the order of their paths."""
        names = (*self._above.get(row.id, ()), row.name)
        return row.organization, [(name.casefold(), name) for name in names], row.id

    @cached_property
    def _trails(self) -> Sequence[tuple[str, ...]]:
        return self._trees.trails(attrgetter("name"))
