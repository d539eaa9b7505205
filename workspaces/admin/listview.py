"""The list of workspaces as trees: filtered, in pages, a fixed number of queries for any number of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Count
from django.http import QueryDict

from workspaces.admin.forest import Spot, forest, live_below
from workspaces.core.plan import SEPARATOR
from workspaces.models import Organization, Schedule, Status, Workspace

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ROWS_PER_PAGE = 500
LIVE, EVERY = "live", "all"
STATUSES = (LIVE, *(str(status) for status in Status), EVERY)


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """What the address asks for."""

    find: str = ""
    organization: str = ""
    status: str = LIVE
    twice: bool = False

    @classmethod
    def of(cls, query: QueryDict) -> Filters:
        status = query.get("status", LIVE)
        return cls(
            find=query.get("q", "").strip(),
            organization=query.get("org", ""),
            status=status if status in STATUSES else LIVE,
            twice=query.get("names") == "twice",
        )

    @property
    def narrow(self) -> bool:
        """Whether a row is shown for itself, with what stands above it as context."""
        return bool(self.find or self.twice or self.status not in (LIVE, EVERY))

    def wants(self, spot: Spot, *, twice: bool) -> bool:
        return self._wants_status(spot.stem.status) and (twice or not self.twice) and self._finds(spot)

    def _wants_status(self, status: str) -> bool:
        if self.status == EVERY:
            return True
        return status != Status.REMOVED if self.status == LIVE else status == self.status

    def _finds(self, spot: Spot) -> bool:
        """By name, by the beginning of the id, or by path where a path is asked for."""
        text = self.find.casefold()
        where = spot.path if SEPARATOR.strip() in text else spot.name
        return not text or text in where.casefold() or str(spot.id).startswith(text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """How a workspace came to be: by the run `import_id`, or by hand."""

    import_id: UUID | None
    actor: str
    when: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ListRow:
    """One line of the list; `context` where it only shows what the next ones stand below. `below` counts live ones."""

    spot: Spot
    context: bool
    below: int
    has_below: bool
    duplicate_of: str
    schedules: int
    origin: Origin | None
    protected: bool
    last_heartbeat: datetime | None

    @property
    def live(self) -> bool:
        return self.spot.stem.status != Status.REMOVED

    @property
    def level(self) -> int:
        return self.spot.depth + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """The lines of one organization on this page."""

    organization: Organization
    live: int
    twice: int
    rows: tuple[ListRow, ...]


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
        rows = Workspace.objects.visible_to(self.user)
        if self.filters.status not in (EVERY, Status.REMOVED):
            rows = rows.live()
        if self.filters.organization:
            rows = rows.filter(organization=self.organizations.get(self.filters.organization))
        return forest(rows)

    @cached_property
    def names(self) -> Counter[tuple[str, str]]:
        """Live rows of each (organization, name)."""
        return Counter(_identity(spot) for spot in self.spots if spot.stem.status != Status.REMOVED)

    @cached_property
    def shown(self) -> list[int]:
        """Indices of the rows that pass the filters, with those above them, in tree order."""
        return sorted(self._wanted | self._above(self._wanted)) if self.filters.narrow else sorted(self._wanted)

    @cached_property
    def pages(self) -> int:
        return max(1, -(-len(self.shown) // ROWS_PER_PAGE))

    @cached_property
    def page(self) -> int:
        return min(max(self.number, 1), self.pages)

    @property
    def found(self) -> int:
        return len(self._wanted)

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
        return sum(count for (_, each), count in self.by_status.items() if each == status)

    @property
    def groups(self) -> list[Group]:
        """This page's lines by organization. A page begins with what its first line stands below."""
        wanted = self.shown[(self.page - 1) * ROWS_PER_PAGE : self.page * ROWS_PER_PAGE]
        context = self._above(wanted[:1]) - set(wanted)
        rows = self._rows(sorted(context) + wanted, context=context)
        return [
            self._group(self.organizations[slug], tuple(same))
            for slug, same in groupby(rows, key=lambda row: row.spot.stem.organization)
        ]

    @cached_property
    def _wanted(self) -> set[int]:
        return {
            index
            for index, spot in enumerate(self.spots)
            if self.filters.wants(spot, twice=self.names[_identity(spot)] > 1)
        }

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
        facts = _Facts.of(spots, twins=self._twins(spots))
        return [
            ListRow(
                spot=spot,
                context=index in context or index not in self._wanted,
                below=below[index],
                has_below=index in parents,
                duplicate_of=facts.original_of(spot),
                schedules=facts.schedules.get(spot.id, 0),
                origin=facts.origins.get(spot.id),
                protected=facts.columns[spot.id]["protected"],
                last_heartbeat=facts.columns[spot.id]["last_heartbeat_at"],
            )
            for index, spot in zip(indices, spots, strict=True)
            if spot.id in facts.columns
        ]

    def _twins(self, spots: Sequence[Spot]) -> dict[tuple[str, str], list[Spot]]:
        """The live rows that share a name with one of `spots`, by organization and name."""
        shared = {_identity(spot) for spot in spots if self.names[_identity(spot)] > 1}
        twins: dict[tuple[str, str], list[Spot]] = {key: [] for key in shared}
        for spot in self.spots:
            if _identity(spot) in shared and spot.stem.status != Status.REMOVED:
                twins[_identity(spot)].append(spot)
        return twins


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What the lines of one page show besides their place: three queries."""

    columns: Mapping[UUID, Mapping[str, Any]]
    schedules: Mapping[UUID, int]
    origins: Mapping[UUID, Origin]
    twins: Mapping[tuple[str, str], Sequence[Spot]]

    @classmethod
    def of(cls, spots: Sequence[Spot], *, twins: Mapping[tuple[str, str], Sequence[Spot]]) -> _Facts:
        ids = [spot.id for spot in spots]
        columns = Workspace.objects.filter(id__one_of=ids).values("id", "protected", "last_heartbeat_at")
        schedules = Schedule.objects.filter(workspace__one_of=ids).order_by().values_list("workspace")
        return cls(
            columns={row["id"]: row for row in columns},
            schedules=dict(schedules.annotate(count=Count("pk"))),
            origins=_origins({*ids, *(twin.id for same in twins.values() for twin in same)}),
            twins=twins,
        )

    def original_of(self, spot: Spot) -> str:
        """Where the same name belongs by the latest import; "" for the workspace that stands there, and for equals.

        A moved workspace is created anew at its new place: of two with one name the older one is the leftover. Those
        that one import created are no duplicates of each other: its template wanted both.
        """
        twins = self.twins.get(_identity(spot), ()) if spot.stem.status != Status.REMOVED else ()
        latest = max(twins, key=self._age, default=spot)
        return SEPARATOR.join(latest.trail[-2:]) if self._age(latest) > self._age(spot) else ""

    def _age(self, spot: Spot) -> tuple[bool, float]:
        origin = self.origins.get(spot.id)
        return (origin.import_id is not None, origin.when.timestamp()) if origin else (False, 0.0)


def _origins(ids: Collection[UUID]) -> dict[UUID, Origin]:
    rows = Workspace.history.filter(id__one_of=list(ids), history_type="+")
    columns = ("id", "history_import_id", "history_actor", "history_date")
    return {
        key: Origin(import_id=run, actor=actor, when=when)
        for key, run, actor, when in rows.order_by("-history_id").values_list(*columns)
    }


def _identity(spot: Spot) -> tuple[str, str]:
    return spot.stem.organization, spot.name
