"""Names that are live twice: which of the two stays is chosen first. An answer is safe if what it removes is fresh."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from workspaces.core.planning.import_options import ImportOptions, Prefer
from workspaces.core.planning.plan_values import Action, Mode, Plan, Reason, Row
from workspaces.models import Workspace
from workspaces.services.imports.previews import Preview
from workspaces.services.removal.footprint import Holdings, holdings

FRESH = 65_536  # bytes in the volumes of a workspace up to which nobody may have worked there: files come with it


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One answer, and what goes with it. `bytes` is None where volumes were not measured yet, `most` those of the
    largest workspace; `kept_until` is their deadline, None: destroyed at once. `active` of them have sent a
    heartbeat, the `latest` one then."""

    prefer: Prefer
    moves: int
    removes: int
    volumes: int
    bytes: int | None
    most: int
    kept_until: datetime | None
    active: int
    latest: datetime | None

    @property
    def loses_nothing(self) -> bool:
        return self.bytes == 0 and not self.active

    @property
    def is_fresh(self) -> bool:
        """Whether none of what goes was ever active, or holds more than what may have come with it."""
        return self.bytes is not None and self.most <= FRESH and not self.active


@dataclass(frozen=True, kw_only=True, slots=True)
class Namesakes:
    """Two live workspaces of one name."""

    name: str
    older_path: tuple[str, ...]
    older_made: datetime
    younger_path: tuple[str, ...]
    younger_made: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Accident:
    """`names` are live twice, the `pairs`. `safe` is the answer that removes fresh ones alone; None where both do, or
    neither, or nobody knows."""

    names: int
    older: Side
    in_place: Side
    pairs: tuple[Namesakes, ...]

    @property
    def safe(self) -> Prefer | None:
        known = self.older.bytes is not None and self.in_place.bytes is not None
        if not known or self.older.is_fresh is self.in_place.is_fresh:
            return None
        return self.older.prefer if self.older.is_fresh else self.in_place.prefer


def accident_of(preview: Preview, options: ImportOptions) -> Accident | None:
    """None where nothing is live twice, or where the ones in place are the older ones. Four queries."""
    in_place = preview.plan(Mode.RECONCILE, replace(options, prefer=Prefer.PLACE))
    if not any(_twins(in_place)):
        return None
    oldest = preview.plan(Mode.RECONCILE, replace(options, prefer=Prefer.OLDEST, moves=True))
    younger = [row for row in oldest.removals if row.reason is Reason.SUPERSEDED]
    if not younger:
        return None
    older = {row.name: row for row in _twins(in_place)}
    going = {prefer: _ids(plan) for prefer, plan in ((Prefer.OLDEST, oldest), (Prefer.PLACE, in_place))}
    lost = {prefer: ids - _other(going, prefer) for prefer, ids in going.items()}
    every = set().union(*lost.values())
    held, beats = holdings(every), _heartbeats(every)
    return Accident(
        names=len(younger),
        older=_side(Prefer.OLDEST, oldest, lost[Prefer.OLDEST], held, beats),
        in_place=_side(Prefer.PLACE, in_place, lost[Prefer.PLACE], held, beats),
        pairs=tuple(_pairs(younger, older)),
    )


def _twins(plan: Plan) -> Iterator[Row]:
    """The removals whose name is live at the template's place, too."""
    places = {row.trail for row in plan.rows if row.node and row.live}
    return (row for row in plan.removals if row.action is Action.REMOVE and row.twin in places)


def _pairs(younger: Iterable[Row], older: Mapping[str, Row]) -> Iterator[Namesakes]:
    for row in younger:
        other = older.get(row.name)
        if row.live and other and other.live:
            yield Namesakes(
                name=row.name,
                older_path=other.before or other.trail,
                older_made=other.live.created_at,
                younger_path=row.before or row.trail,
                younger_made=row.live.created_at,
            )


def _ids(plan: Plan) -> set[UUID]:
    return {row.live.id for row in plan.removals if row.live}


def _other(going: Mapping[Prefer, set[UUID]], prefer: Prefer) -> set[UUID]:
    return going[Prefer.PLACE if prefer is Prefer.OLDEST else Prefer.OLDEST]


def _side(
    prefer: Prefer,
    plan: Plan,
    ids: set[UUID],
    held: Mapping[UUID, Holdings],
    beats: Mapping[UUID, datetime],
) -> Side:
    with_volumes = [held[each] for each in ids if held[each].volumes]
    sizes = [each.bytes for each in with_volumes if each.bytes is not None]
    active = [beats[each] for each in ids if each in beats]
    return Side(
        prefer=prefer,
        moves=len(plan.moved),
        removes=len(ids),
        volumes=sum(len(each.volumes) for each in with_volumes),
        bytes=sum(sizes) if len(sizes) == len(with_volumes) else None,
        most=max(sizes, default=0),
        kept_until=next((each.kept_until for each in with_volumes), None),
        active=len(active),
        latest=max(active, default=None),
    )


def _heartbeats(ids: Collection[UUID]) -> dict[UUID, datetime]:
    """The last heartbeat of each that ever sent one."""
    rows = Workspace.objects.filter(id__one_of=list(ids), last_heartbeat_at__isnull=False)
    return {key: when for key, when in rows.values_list("id", "last_heartbeat_at") if when}
