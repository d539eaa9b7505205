"""Workspaces in tree order, from one query: depth first, siblings by name, one organization after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from workspaces.core.planning.plan_values import SEPARATOR
from workspaces.models import Status
from workspaces.models.querysets import WorkspaceQuerySet


@dataclass(frozen=True, slots=True)
class Stem:
    """What is read of a row to find its place."""

    id: UUID
    parent_id: UUID | None
    name: str
    organization: str  # the slug
    status: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A workspace at its place. `parent` is an index of the same forest, `below` how many rows stand below."""

    stem: Stem
    trail: tuple[str, ...]
    parent: int | None
    below: int

    @property
    def id(self) -> UUID:
        return self.stem.id

    @property
    def name(self) -> str:
        return self.stem.name

    @property
    def depth(self) -> int:
        return len(self.trail) - 1

    @property
    def path(self) -> str:
        return SEPARATOR.join(self.trail)

    @property
    def above(self) -> str:
        return SEPARATOR.join(self.trail[:-1])


def forest(rows: WorkspaceQuerySet) -> tuple[Spot, ...]:
    """The rows as trees; one whose parent is not among them stands at the top."""
    stems = [Stem(*values) for values in rows.order_by().values_list(*COLUMNS).iterator(chunk_size=10_000)]
    return grow(stems)


def grow(stems: Iterable[Stem]) -> tuple[Spot, ...]:
    """The same from rows that were read before."""
    below = _by_parent(stems)
    order = list(_walk(below))
    sizes = [0] * len(order)
    for index in reversed(range(len(order))):
        parent = order[index][2]
        if parent is not None:
            sizes[parent] += 1 + sizes[index]
    return tuple(Spot(stem, trail, parent, size) for (stem, trail, parent), size in zip(order, sizes, strict=True))


def live_below(spots: Sequence[Spot]) -> list[int]:
    """For each of the spots how many live ones stand below it."""
    counts = [0] * len(spots)
    for index in reversed(range(len(spots))):
        parent = spots[index].parent
        if parent is not None:
            counts[parent] += counts[index] + (spots[index].stem.status != Status.REMOVED)
    return counts


COLUMNS = ("id", "parent_id", "name", "organization__slug", "status")

_Placed = tuple[Stem, tuple[str, ...], int | None]


def _by_parent(stems: Iterable[Stem]) -> dict[UUID | None, list[Stem]]:
    ordered = sorted(stems, key=lambda stem: (stem.organization, stem.name.casefold(), stem.name, str(stem.id)))
    known = {stem.id for stem in ordered}
    below: dict[UUID | None, list[Stem]] = {}
    for stem in ordered:
        below.setdefault(stem.parent_id if stem.parent_id in known else None, []).append(stem)
    return below


def _walk(below: Mapping[UUID | None, list[Stem]]) -> Iterator[_Placed]:
    stack: list[_Placed] = [(stem, (stem.name,), None) for stem in reversed(below.get(None, []))]
    index = 0
    while stack:
        stem, trail, parent = stack.pop()
        yield stem, trail, parent
        stack.extend((child, (*trail, child.name), index) for child in reversed(below.get(stem.id, [])))
        index += 1
