"""The end of stored data: the volumes of removed workspaces are destroyed when their time is over, or on request.

A purge is no second way to the engine. It makes the container's row due, without a time for its volumes: a worker
carries that out like any removal, with leases, retries and one event.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from audit.event_types import WORKSPACE_CHANGED
from lib.bulk import Ids
from lib.database_clock import database_now
from workspaces.access import Actor
from workspaces.core.changes import changes_of
from workspaces.core.containers.lifecycle import Desired
from workspaces.core.planning.plan_values import Place
from workspaces.engines.naming import volume_names
from workspaces.models import Container, Organization, Status, Workspace
from workspaces.services.containers.installation import is_restored
from workspaces.services.reasons import Reasons
from workspaces.services.workspace_events import record_change

AT_ONCE = 1_000  # rows of one organization in one transaction
PURGED = "data destroyed before its time"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredData:
    """The volumes of a removed workspace. `until`: when they are destroyed, None if only on request. `bytes`: as they
    were measured last, None if they never were. `node` is their machine, "" if the engine has one only."""

    id: UUID
    organization: str
    path: tuple[str, ...]
    removed_at: datetime | None
    until: datetime | None
    bytes: int | None
    node: str = ""

    @property
    def volumes(self) -> tuple[str, ...]:
        """Their names on the engine."""
        return tuple(sorted(volume_names(self.id).values()))

    @property
    def fate(self) -> str:
        return f"until {self.until:%Y-%m-%d %H:%M} UTC" if self.until else "kept until somebody purges it"


def stored() -> QuerySet[Container]:
    """The rows of removed workspaces whose volumes wait or are kept; those with the nearest end first."""
    rows = Container.objects.filter(Q(purge_at__isnull=False) | Q(keep_volumes=True), desired=Desired.ABSENT)
    return rows.filter(workspace__status=Status.REMOVED).order_by(F("purge_at").asc(nulls_last=True), "pk")


def stored_data(rows: QuerySet[Container]) -> tuple[StoredData, ...]:
    """These rows of `stored` in words: two queries."""
    found = list(rows.select_related("workspace__organization"))
    paths = Workspace.objects.paths([row.pk for row in found])
    return tuple(
        StoredData(
            id=row.pk,
            organization=row.workspace.organization.slug,
            path=paths[row.pk],
            removed_at=row.workspace.removed_at,
            until=row.purge_at,
            bytes=row.volume_bytes,
            node=row.node,
        )
        for row in found
    )


def purge_now(workspaces: Collection[UUID], *, actor: Actor, reason: str = "") -> tuple[StoredData, ...]:
    """Have the volumes of removed workspaces destroyed that wait or are kept; return them. Others are skipped: live
    workspaces, and those without data. The request is an event, and so is the end of the volumes."""
    with transaction.atomic():
        asked = Container.objects.filter(workspace__one_of=workspaces)
        Organization.objects.lock(asked.order_by().values("organization").distinct())
        found = stored_data(stored().filter(workspace__one_of=workspaces))
        if found:
            now = database_now()
            _end(Container.objects.filter(workspace__one_of=[each.id for each in found]), now=now)
            _record(found, actor=actor, reason=reason, now=now)
    return found


def purge_due() -> float:
    """Have all volumes destroyed whose time is over; return the seconds until the next ones, `inf` if none wait.

    Skip organizations that are busy. While the database is disputed nothing is begun: what waits can still be restored.
    """
    over = _over(database_now())
    if over.exists():
        if is_restored():
            return math.inf
        for organization in over.order_by().values_list("organization", flat=True).distinct():
            _purge_due_of(organization)
    return _seconds_until_next()


def _purge_due_of(organization: int) -> None:
    with transaction.atomic():
        now = database_now()
        over = _over(now).filter(organization=organization).order_by("purge_at", "pk")
        places = dict.fromkeys(over.values_list("pk", flat=True)[:AT_ONCE], organization)
        if free := Organization.objects.lock_where_free(places):
            _end(_over(now).filter(workspace__one_of=free), now=now)  # read anew under the lock: one may be restored


def _over(now: datetime) -> QuerySet[Container]:
    return Container.objects.filter(desired=Desired.ABSENT, purge_at__lte=now)


def _seconds_until_next() -> float:
    waiting = Container.objects.filter(purge_at__isnull=False).order_by("purge_at")
    first = waiting.values_list("purge_at", flat=True).first()
    return (first - database_now()).total_seconds() if first else math.inf


def _end(rows: QuerySet[Container], *, now: datetime) -> None:
    """Make them due, without their volumes. One that is still at work goes on, and its result finds that it is due."""
    rows.filter(due_at__isnull=False).update(keep_volumes=False, purge_at=None)
    rows.filter(due_at=None).update(
        keep_volumes=False, purge_at=None, due_at=now, attempts=0, losses=0, last_error="", asked_at=None,
        changed_at=now,
    )  # fmt: skip


def _record(found: Sequence[StoredData], *, actor: Actor, reason: str, now: datetime) -> None:
    """Write down the request with its person: the worker's event, once the volumes are gone, names none."""
    why = Reasons(
        Ids([each.id for each in found]),
        reason or PURGED,
        paths=[Place(None, each.path).path_text for each in found],
        facts=[{"changes": changes_of({"data": each.fate}, {"data": "destroyed"}), "reason": reason} for each in found],
    )
    record_change(WORKSPACE_CHANGED, why, history="~", actor=actor, now=now)
