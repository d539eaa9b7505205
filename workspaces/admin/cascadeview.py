"""What a cascade delete would take, as boxes: one for each surviving root, each workspace once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from workspaces.admin.forest import Spot, forest
from workspaces.admin.words import counted, joined
from workspaces.models import Organization, Workspace
from workspaces.services.cascading import Doomed, Holdings, holdings, preview_cascade
from workspaces.services.confirming import Demand

MOST_ADDED = 8  # subtrees whose sizes are written out


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
    """A surviving root with everything below it."""

    path: str
    organization: str
    rows: tuple[DoomedRow, ...]

    @property
    def tokens(self) -> int:
        return sum(row.holdings.tokens for row in self.rows)

    @property
    def schedules(self) -> int:
        return sum(len(row.holdings.schedules) for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class CascadeView:
    """All that the confirmation page asks for. `chosen` are the ids somebody selected."""

    chosen: tuple[UUID, ...]
    doomed: tuple[Doomed, ...]

    @classmethod
    def of(cls, chosen: Collection[UUID]) -> CascadeView:
        return cls(chosen=tuple(chosen), doomed=preview_cascade(chosen))

    @property
    def count(self) -> int:
        return len(self.doomed)

    @property
    def demand(self) -> Demand:
        return Demand(removals=self.count)

    @property
    def button(self) -> str:
        return f"Remove {counted(self.count, 'workspace')}"

    @property
    def expected(self) -> str:
        """The ids shown here, for the form to bring back."""
        return " ".join(str(row.id) for row in self.doomed)

    @property
    def protected(self) -> list[DoomedRow]:
        return [row for box in self.boxes for row in box.rows if row.protected]

    @property
    def tokens(self) -> int:
        return sum(box.tokens for box in self.boxes)

    @property
    def schedules(self) -> int:
        return sum(box.schedules for box in self.boxes)

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
        return list(dict.fromkeys(box.organization for box in self.boxes))

    @property
    def organization_names(self) -> str:
        return joined(self.organizations, most=5)

    @property
    def summary(self) -> str:
        """`You selected 3. One of them lies below another, so 2 subtrees go: 8 + 2 = 10 workspaces.`"""
        nested, sizes = self.selected_count - len(self.boxes), [len(box.rows) for box in self.boxes]
        some = "One of them lies" if nested == 1 else f"{nested:,} of them lie"
        lies = f"{some} below another, so " if nested else ""
        goes = f"{counted(len(sizes), 'subtree')} {'goes' if len(sizes) == 1 else 'go'}"
        total = f"{' + '.join(map(str, sizes))} = " if 1 < len(sizes) <= MOST_ADDED else ""
        return f"You selected {self.selected_count:,}. {lies}{goes}: {total}{counted(self.count, 'workspace')}."

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        doomed = {row.id: row for row in self.doomed}
        concerned = Organization.objects.filter(slug__in={row.organization for row in self.doomed})
        names = {each.slug: each.name for each in concerned}
        spots = forest(Workspace.objects.live().filter(organization__in=concerned))
        held = holdings(list(doomed))
        return tuple(_box(spots, index, doomed, held, names) for index in _roots(spots, doomed))


def _roots(spots: Sequence[Spot], doomed: Mapping[UUID, Doomed]) -> Iterator[int]:
    for index, spot in enumerate(spots):
        if spot.id in doomed and (spot.parent is None or spots[spot.parent].id not in doomed):
            yield index


def _box(
    spots: Sequence[Spot],
    root: int,
    doomed: Mapping[UUID, Doomed],
    held: Mapping[UUID, Holdings],
    names: Mapping[str, str],
) -> Box:
    top = spots[root]
    rows = (_row(spots, index, top, doomed[spots[index].id], held) for index in range(root, root + 1 + top.below))
    return Box(path=top.path, organization=names[top.stem.organization], rows=tuple(rows))


def _row(spots: Sequence[Spot], index: int, top: Spot, row: Doomed, held: Mapping[UUID, Holdings]) -> DoomedRow:
    spot = spots[index]
    parent = spots[spot.parent].name if spot is not top and spot.parent is not None else ""
    below = f"below {parent}" if parent else ""
    return DoomedRow(
        id=spot.id,
        name=spot.name,
        above=spot.above,
        depth=spot.depth - top.depth,
        selected=row.root,
        why=f"and {below}: counted once" if row.root and below else below and f"{below}, not selected",
        protected=row.protected,
        holdings=held[spot.id],
    )
