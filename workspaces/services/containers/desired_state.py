"""The desired state of containers, written together with each decision. The worker does the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from lib.bounded_count import Tally, tally
from lib.bulk import Ids, insert_for_each
from lib.database_clock import database_now
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.containers.lifecycle import Desired, Observed
from workspaces.models import Container, Organization, Workspace

if TYPE_CHECKING:
    from django.contrib.auth.models import User

FAILING_COUNTED = 1_000


def engine_runs() -> bool:
    """Whether new workspaces get containers (ORGSITE_ENGINE); without an engine they are records only."""
    return bool(settings.ORGSITE_ENGINE != "none")


def want_running(ids: Ids, *, organization: int, import_id: UUID | None, now: datetime) -> None:
    """Want containers for new workspaces of one organization."""
    if not ids:
        return
    nothing_yet = {
        "organization": organization, "desired": Desired.RUNNING, "observed": Observed.ABSENT, "keep_volumes": False,
        "import_id": import_id, "generation": 1, "due_at": now, "attempts": 0, "last_error": "", "leased_by": "",
        "changed_at": now,
    }  # fmt: skip
    insert_for_each(Container, "workspace", ids, same=nothing_yet)


def want_each_running(rows: Iterable[Workspace], *, now: datetime) -> None:
    """The same for any organizations, without an import: one statement for each organization."""
    places = defaultdict(list)
    for row in rows:
        places[row.organization_id].append(row.pk)
    for organization, ids in places.items():
        want_running(Ids(ids), organization=organization, import_id=None, now=now)


def want_absent(ids: Collection[UUID], *, data: DataPolicy, import_id: UUID | None, now: datetime) -> int:
    """Want no containers for removed workspaces, and for their volumes what `data` says; return how many have a
    container.

    A worker that is starting one of them keeps its lease, and finds this when it records the start.
    """
    return Container.objects.filter(workspace__one_of=ids).update(
        desired=Desired.ABSENT, **fate_of_volumes(data, now=now), import_id=import_id, due_at=now, attempts=0,
        losses=0, last_error="", asked_at=None, released_at=None, purged_at=None, changed_at=now,
    )  # fmt: skip


def fate_of_volumes(data: DataPolicy, *, now: datetime) -> dict[str, Any]:
    """The columns for the volumes of a workspace that is removed `now`. With neither they are destroyed at once."""
    waits = data is DataPolicy.WAIT and settings.ORGSITE_DATA_GRACE > 0
    until = now + timedelta(seconds=settings.ORGSITE_DATA_GRACE) if waits else None
    return {"keep_volumes": data is DataPolicy.KEEP, "purge_at": until}


def note_nodes(nodes: Mapping[UUID, str]) -> None:
    """Note the machine that each container runs on; only changed ones are written. Skip organizations that are busy."""
    rows = Container.objects.filter(workspace__one_of=nodes.keys(), desired=Desired.RUNNING)
    known = {key: (place, node) for key, place, node in rows.values_list("pk", "organization", "node").order_by()}
    moved = {key: place for key, (place, node) in known.items() if node != nodes[key]}
    if not moved:
        return
    with transaction.atomic():
        there = defaultdict(list)
        for key in Organization.objects.lock_where_free(moved):
            there[nodes[key]].append(key)
        for node, ids in there.items():
            rows.filter(workspace__one_of=ids).update(node=node)


def note_sizes(sizes: Mapping[UUID, int]) -> None:
    """Note the bytes in each workspace's volumes; only changed ones are written."""
    rows = Container.objects.filter(workspace__one_of=sizes.keys()).only("workspace", "volume_bytes").order_by("pk")
    changed = [row for row in rows if row.volume_bytes != sizes[row.pk]]
    for row in changed:
        row.volume_bytes = sizes[row.pk]
    Container.objects.bulk_update(changed, ["volume_bytes"], batch_size=500)


def try_again(ids: Collection[UUID]) -> int:
    """Make containers that wait after a failure due now; return how many. Nothing else changes."""
    waiting = Container.objects.filter(workspace__one_of=ids, due_at__isnull=False).exclude(last_error="")
    return waiting.update(due_at=database_now())


def count_failing(rows: QuerySet[Container]) -> Tally:
    """The bounded number of rows: while an engine is away, every container fails, and thousands need no exact count."""
    return tally(rows, most=FAILING_COUNTED)


def failing(user: User) -> QuerySet[Container]:
    """The containers with an error, of the organizations that the user may see, the oldest error first."""
    rows = Container.objects.filter(
        due_at__isnull=False, workspace__organization__in=Organization.objects.visible_to(user)
    )
    return rows.exclude(last_error="").select_related("workspace__organization").order_by("changed_at")
