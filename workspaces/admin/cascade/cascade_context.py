"""What a cascade delete would take, as boxes: one for each surviving root, each workspace once, a page at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from uuid import UUID

from django.core.paginator import Page, Paginator

from lib.text import listed, plural
from workspaces.admin.shared.tree_order import Spot, forest
from workspaces.models import Organization, Workspace
from workspaces.services.removal.cascading import Doomed, preview_cascade
from workspaces.services.removal.confirmation import Demand
from workspaces.services.removal.footprint import Holdings, Total, holdings, total

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
    """A surviving root with everything below it. The numbers are those of all of it, `rows` what is on this page."""

    path: str
    organization: str
    count: int
    held: Total
    first: int
    rows: tuple[DoomedRow, ...]

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def whole(self) -> bool:
        return len(self.rows) == self.count


@dataclass(frozen=True, slots=True)
class CascadeLine:
    """A workspace that goes: its index in the forest, and that of the topmost one that goes with it."""

    index: int
    top: int


@dataclass(frozen=True, kw_only=True)
class CascadeView:
    """All that the confirmation page asks for. `chosen` are the ids somebody selected."""

    chosen: tuple[UUID, ...]
    doomed: tuple[Doomed, ...]
    number: str = "1"

    @classmethod
    def of(cls, chosen: Collection[UUID], *, number: str = "1") -> CascadeView:
        return cls(chosen=tuple(chosen), doomed=preview_cascade(chosen), number=number)

    # ---- how much goes, whatever page is shown

    @property
    def count(self) -> int:
        return len(self.doomed)

    @property
    def demand(self) -> Demand:
        return Demand(removals=self.count)

    @property
    def button(self) -> str:
        return f"Remove {plural(self.count, 'workspace')}"

    @property
    def ids(self) -> tuple[UUID, ...]:
        return tuple(row.id for row in self.doomed)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of what goes, for the form to bring back: the same text, the same workspaces."""
        return hashlib.sha256(b"".join(sorted(key.bytes for key in self.ids))).hexdigest()

    @cached_property
    def held(self) -> Total:
        return total(self._held.values())

    @property
    def selected_count(self) -> int:
        return sum(1 for row in self.doomed if row.root)

    @property
    def unselected_count(self) -> int:
        return self.count - self.selected_count

    @property
    def gone_before(self) -> int:
        """How many of the chosen were removed already."""
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
        sizes = [len(lines) for lines in self._subtrees.values()]
        nested = self.selected_count - len(sizes)
        some = "One of them lies" if nested == 1 else f"{nested:,} of them lie"
        lies = f"{some} below another, so " if nested else ""
        goes = f"{plural(len(sizes), 'subtree')} {'goes' if len(sizes) == 1 else 'go'}"
        total = f"{' + '.join(f'{size:,}' for size in sizes)} = " if 1 < len(sizes) <= MOST_ADDED else ""
        return f"You selected {self.selected_count:,}. {lies}{goes}: {total}{plural(self.count, 'workspace')}."

    # ---- what stands in the way

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
    def page(self) -> Page[CascadeLine]:
        return Paginator(self._lines, ROWS).get_page(self.number)

    @property
    def boxes(self) -> list[Box]:
        """Those with rows on this page."""
        return [self._box(top, list(lines)) for top, lines in groupby(self.page, key=lambda line: line.top)]

    def _box(self, top: int, lines: Sequence[CascadeLine]) -> Box:
        root = self._spots[top]
        every = [self._held[self._spots[line.index].id] for line in self._subtrees[top]]
        return Box(
            path=root.path,
            organization=self._names[root.stem.organization],
            count=len(every),
            held=total(every),
            first=1 + lines[0].index - top,
            rows=tuple(self._row(line) for line in lines),
        )

    def _row(self, line: CascadeLine) -> DoomedRow:
        spot, top = self._spots[line.index], self._spots[line.top]
        row = self._rows[spot.id]
        below = f"below {self._spots[spot.parent].name}" if spot is not top and spot.parent is not None else ""
        return DoomedRow(
            id=spot.id,
            name=spot.name,
            above=spot.above,
            depth=spot.depth - top.depth,
            selected=row.root,
            why=f"and {below}: counted once" if row.root and below else below and f"{below}, not selected",
            protected=row.protected,
            holdings=self._held[spot.id],
        )

    # ---- read once

    @cached_property
    def _rows(self) -> Mapping[UUID, Doomed]:
        return {row.id: row for row in self.doomed}

    @cached_property
    def _held(self) -> Mapping[UUID, Holdings]:
        return holdings(self.ids)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """Slug → name of each organization concerned."""
        concerned = Organization.objects.filter(slug__in={row.organization for row in self.doomed})
        return dict(concerned.values_list("slug", "name"))

    @cached_property
    def _spots(self) -> tuple[Spot, ...]:
        return forest(Workspace.objects.live().filter(organization__slug__in=self._names))

    @cached_property
    def _lines(self) -> tuple[CascadeLine, ...]:
        """All that goes, in tree order."""
        tops: dict[int, int] = {}
        for index, spot in enumerate(self._spots):
            if spot.id in self._rows:
                tops[index] = tops.get(spot.parent, index) if spot.parent is not None else index
        return tuple(CascadeLine(index, top) for index, top in tops.items())

    @cached_property
    def _subtrees(self) -> Mapping[int, Sequence[CascadeLine]]:
        """Index of each surviving root → all that goes with it, itself included."""
        return {top: list(lines) for top, lines in groupby(self._lines, key=lambda line: line.top)}
