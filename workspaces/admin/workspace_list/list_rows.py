"""The lines of one page of the list, with all they show besides their place in the tree."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db.models import Count

from lib.text import listed
from workspaces.admin.shared.data_words import data_of
from workspaces.core.containers.data_policy import DataFate
from workspaces.core.names import SEPARATOR
from workspaces.models import Schedule, Workspace
from workspaces.models.tree_pages import TreePlace
from workspaces.services.removal.tombstones import Tombstone, tombstones

MOST_PLACES = 2

Names = Mapping[tuple[str, str], Sequence[TreePlace]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """The origin of a workspace: the run `import_id`, or by hand."""

    import_id: UUID | None
    actor: str
    when: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ListRow:
    """One line of the list; `context` if it only is an ancestor of the next ones. `below` counts live ones, and is None
    if it was not counted.

    `also` others have its name; `also_at` are their places, or those of the newest. `duplicate`: one of them is at the
    place of the name.
    """

    place: TreePlace
    context: bool
    below: int | None
    has_below: bool
    also_at: tuple[str, ...]
    also: int
    duplicate: bool
    schedules: int
    origin: Origin | None
    protected: bool
    differs: str
    last_heartbeat: datetime | None
    tombstone: Tombstone | None  # of a removed one

    @property
    def data(self) -> str:
        """The fate of a removed one's data in words; "" if it has none."""
        stone = self.tombstone
        return data_of(stone) if stone and stone.data is not DataFate.NONE else ""

    @property
    def live(self) -> bool:
        return self.place.live

    @property
    def depth(self) -> int:
        """A removed one has no place in a tree: it is listed with its path."""
        return self.place.depth if self.live else 0

    @property
    def level(self) -> int:
        return self.place.depth + 1

    @property
    def also_lives_at(self) -> str:
        """`PM › Dev Lead`, or `A › QA, B › QA and 3 more`."""
        more = self.also - min(len(self.also_at), MOST_PLACES)
        return listed([*self.also_at[:MOST_PLACES], *([f"{more:,} more"] if more else ())])


@dataclass(frozen=True, kw_only=True)
class ListFacts:
    """The facts of one page's lines besides their place: three queries, and three more if some are removed."""

    columns: Mapping[UUID, Mapping[str, Any]]
    schedules: Mapping[UUID, int]
    origins: Mapping[UUID, Origin]
    twins: Names
    used: Mapping[tuple[str, str], int]
    tombstones: Mapping[UUID, Tombstone]

    @classmethod
    def of(
        cls,
        places: Sequence[TreePlace],
        *,
        twins: Names,
        used: Mapping[tuple[str, str], int] = MappingProxyType({}),
    ) -> ListFacts:
        """`twins` are the live ones of each name, or the newest of them; then `used` says how many there are."""
        ids = [place.id for place in places]
        columns = Workspace.objects.filter(id__one_of=ids).values("id", "protected", "differs", "last_heartbeat_at")
        schedules = Schedule.objects.filter(workspace__one_of=ids).order_by().values_list("workspace")
        return cls(
            columns={row["id"]: row for row in columns},
            schedules=dict(schedules.annotate(count=Count("pk"))),
            origins=_origins({*ids, *(twin.id for same in twins.values() for twin in same)}),
            twins=twins,
            used=used,
            tombstones=tombstones([place.id for place in places if not place.live]),
        )

    def row(
        self, place: TreePlace, *, context: bool = False, below: int | None = 0, has_below: bool = False
    ) -> ListRow:
        """The line of that workspace."""
        others = self.others_of(place)
        return ListRow(
            place=place,
            context=context,
            below=below,
            has_below=has_below,
            also_at=others,
            also=max(len(others), self.used.get(identity(place), 0) - 1),
            duplicate=self.is_leftover(place),
            schedules=self.schedules.get(place.id, 0),
            origin=self.origins.get(place.id),
            protected=self.columns[place.id]["protected"],
            differs=self.columns[place.id]["differs"] if place.live else "",
            last_heartbeat=self.columns[place.id]["last_heartbeat_at"],
            tombstone=self.tombstones.get(place.id),
        )

    def others_of(self, place: TreePlace) -> tuple[str, ...]:
        """Places of other live workspaces of that name."""
        twins = self.twins.get(identity(place), ())
        return tuple(SEPARATOR.join(twin.trail[-2:]) for twin in twins if twin.id != place.id)

    def is_leftover(self, place: TreePlace) -> bool:
        """Whether the same name belongs elsewhere by the latest import; equals are no leftovers of each other.

        A moved workspace is created anew at its new place: of two with one name the older one is the leftover. Those
        that one import created are no duplicates of each other: its template wanted both.
        """
        twins = self.twins.get(identity(place), ())
        return any(self._age(twin) > self._age(place) for twin in twins)

    def _age(self, place: TreePlace) -> tuple[bool, float]:
        origin = self.origins.get(place.id)
        return (origin.import_id is not None, origin.when.timestamp()) if origin else (False, 0.0)


def _origins(ids: Collection[UUID]) -> dict[UUID, Origin]:
    rows = Workspace.history.filter(id__one_of=list(ids), history_type="+")
    columns = ("id", "history_import_id", "history_actor", "history_date")
    return {
        key: Origin(import_id=run, actor=actor, when=when)
        for key, run, actor, when in rows.order_by("-history_id").values_list(*columns)
    }


def identity(place: TreePlace) -> tuple[str, str]:
    return place.organization, place.name
