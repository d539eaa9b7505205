"""The data that removed workspaces left: of single ones, and of all that one run removed. One query each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Max, Min, Q, Sum

from workspaces.core.containers.data_policy import DataFate, fate_of
from workspaces.core.containers.lifecycle import Desired
from workspaces.models import Container, Status

WAITS, KEPT, DESTROYED = Q(purge_at__isnull=False), Q(keep_volumes=True), Q(purged_at__isnull=False)
COLUMNS = ("pk", "workspace__external", "keep_volumes", "purge_at", "purged_at", "volume_bytes")


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftData:
    """The volumes of one removed workspace: `until` they are destroyed if they wait, `purged_at` if they were; `bytes`
    as last measured. An `external` one comes back without a container, and its volumes stay where they are."""

    external: bool
    fate: DataFate
    bytes: int | None
    until: datetime | None
    purged_at: datetime | None


def left_data(ids: Collection[UUID], *, by: UUID | None = None) -> dict[UUID, LeftData]:
    """Id → the data, without live workspaces and those that had no container; `by`: of those that this run removed."""
    if not ids:
        return {}
    rows = Container.objects.filter(workspace__one_of=ids, workspace__status=Status.REMOVED).order_by()
    if by:
        rows = rows.filter(workspace__removed_by=by)
    return {
        key: LeftData(
            external=external,
            fate=fate_of(keep, purge_at, purged_at),
            bytes=size,
            until=purge_at,
            purged_at=purged_at,
        )
        for key, external, keep, purge_at, purged_at, size in rows.values_list(*COLUMNS)
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class RunData:
    """The volumes of what a run removed, and nobody restored: the numbers of those that wait or are kept for good, and
    of those that were destroyed, `at_once` with the removal or later.

    `bytes` is the sum of what is there, as last measured; `first` is when the first of them are destroyed, `last` when
    the last were.
    """

    total: int
    waiting: int
    kept: int
    destroyed: int
    at_once: int
    bytes: int | None
    first: datetime | None
    last: datetime | None

    @property
    def there(self) -> int:
        return self.waiting + self.kept


def data_left_by(run_id: UUID) -> RunData:
    """The data of what the run removed, or released because it became external: read off the containers alone, which
    have an index for it."""
    rows = Container.objects.filter(import_id=run_id, desired=Desired.ABSENT)
    found = rows.order_by().aggregate(
        total=Count("pk"),
        waiting=Count("pk", filter=WAITS),
        kept=Count("pk", filter=KEPT),
        destroyed=Count("pk", filter=DESTROYED),
        at_once=Count("pk", filter=Q(purged_at=F("released_at"))),
        bytes=Sum("volume_bytes", filter=WAITS | KEPT),
        first=Min("purge_at"),
        last=Max("purged_at"),
    )
    return RunData(**found)
