"""The data of removed workspaces: what waits until its time is over, and what is kept for good."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from lib.bounded_count import CappedCount, CappedSum, Tally
from workspaces.core.containers.lifecycle import Desired
from workspaces.models import Container, Organization, Status
from workspaces.services.past_paths import paths_at_removal
from workspaces.services.removal.tombstones import Tombstone, tombstones

if TYPE_CHECKING:
    from workspaces.access import AnyUser

WAITS = Q(purge_at__isnull=False)
KEPT = Q(keep_volumes=True, desired=Desired.ABSENT, workspace__status=Status.REMOVED)  # not of a live, external one


# ---- Totals.


@dataclass(frozen=True, kw_only=True, slots=True)
class Pile:
    """Volumes of several workspaces together. `bytes` is the sum of those that were measured, None if none was;
    `unmeasured` counts the others. `first`: when the first of them are destroyed."""

    count: Tally = field(default_factory=Tally)
    bytes: int | None = None
    unmeasured: int = 0
    first: datetime | None = None

    def __add__(self, other: Pile) -> Pile:
        return Pile(
            count=self.count + other.count,
            bytes=_added(self.bytes, other.bytes),
            unmeasured=self.unmeasured + other.unmeasured,
            first=min(filter(None, (self.first, other.first)), default=None),
        )

    def __bool__(self) -> bool:
        return bool(self.count)


def _added(one: int | None, other: int | None) -> int | None:
    return (one or 0) + (other or 0) if one is not None or other is not None else None


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptTotal:
    """The data of one organization's removed workspaces."""

    organization: Organization
    waits: Pile
    kept: Pile

    def __bool__(self) -> bool:
        return bool(self.waits or self.kept)


def totals_of(organizations: QuerySet[Organization]) -> list[KeptTotal]:
    """Of each organization that has any, counted and summed as far as `Tally` counts: one statement."""
    columns = {**_pile("waits", WAITS), **_pile("kept", KEPT)}
    first = Subquery(_inside(WAITS).order_by("purge_at").values("purge_at")[:1])
    found = (_total(row) for row in organizations.annotate(**columns, first=first))
    return [each for each in found if each]


def totals_for(user: AnyUser) -> list[KeptTotal]:
    """The same of the organizations that the user may see."""
    return totals_of(Organization.objects.visible_to(user))


def total_of(totals: Iterable[KeptTotal]) -> tuple[Pile, Pile]:
    """All that waits, and all that is kept for good."""
    every = list(totals)
    return sum((each.waits for each in every), Pile()), sum((each.kept for each in every), Pile())


def _inside(which: Q) -> QuerySet[Container]:
    return Container.objects.filter(which, organization=OuterRef("pk"))


def _pile(name: str, which: Q) -> dict[str, Any]:
    measured = _inside(which).filter(volume_bytes__isnull=False)
    return {
        f"{name}_count": CappedCount(_inside(which)),
        f"{name}_bytes": CappedSum(measured, "volume_bytes"),
        f"{name}_measured": CappedCount(measured),
    }


def _total(row: Any) -> KeptTotal:
    return KeptTotal(
        organization=row,
        waits=_read(row.waits_count, row.waits_bytes, row.waits_measured, first=row.first),
        kept=_read(row.kept_count, row.kept_bytes, row.kept_measured),
    )


def _read(count: int, size: int | None, measured: int, *, first: datetime | None = None) -> Pile:
    return Pile(count=Tally.of(count), bytes=size, unmeasured=count - measured, first=first)


# ---- Single ones.


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptVolumes:
    """A removed workspace with data; `path` has the names from the root that it had then."""

    id: UUID
    organization: str
    path: tuple[str, ...]
    tombstone: Tombstone

    @property
    def name(self) -> str:
        return self.path[-1]


@dataclass(frozen=True, kw_only=True)
class KeptRows:
    """The rows of the organizations: first what waits, the nearest deadline first, then what is kept. For a paginator;
    it reaches no further than `totals` count."""

    totals: Sequence[KeptTotal]

    def count(self) -> int:
        waits, kept = total_of(self.totals)
        return waits.count.number + kept.count.number

    __len__ = count

    def __getitem__(self, page: slice) -> list[KeptVolumes]:
        """Seven statements."""
        waiting = total_of(self.totals)[0].count.number
        keys = self._ids(WAITS, "purge_at", page.start, min(page.stop, waiting))
        keys += self._ids(KEPT, "organization", max(page.start - waiting, 0), page.stop - waiting)
        return kept_rows(keys)

    def _ids(self, which: Q, order: str, start: int, stop: int) -> list[UUID]:
        if start >= stop:
            return []
        rows = Container.objects.filter(which, organization__in=[each.organization.pk for each in self.totals])
        return list(rows.order_by(order, "pk").values_list("pk", flat=True)[start:stop])


def kept_rows(ids: Collection[UUID]) -> list[KeptVolumes]:
    """The removed ones among `ids` that have data, in their order."""
    rows = Container.objects.filter(WAITS | KEPT, workspace__one_of=list(ids))
    names = dict(rows.annotate(where=F("workspace__organization__name")).values_list("pk", "where"))
    stones, paths = tombstones(names), paths_at_removal(list(names))
    return [
        KeptVolumes(id=key, organization=names[key], path=paths[key], tombstone=stones[key])
        for key in ids
        if key in names and key in stones
    ]
