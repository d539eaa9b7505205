"""Tombstones: of removed workspaces the time, the person, the reason and the run of the removal, and the fate of the
data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from workspaces.core.containers.data_policy import DataFate, fate_of
from workspaces.models import ImportRun, Status, Workspace

CONTAINER = ("container", "container__keep_volumes", "container__purge_at", "container__purged_at")
COLUMNS = ("id", "removed_at", "removed_by", "container__volume_bytes", *CONTAINER)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tombstone:
    """`by` is the actor's name. `why` has the words of the history: the plan's cause, then the reason that was given.
    `reason` is the latter; if none was given, it is the same as `why`.

    `restorable_until`: until when it comes back with its data, unless that is kept for good or there is none. `bytes`:
    what the volumes held when they were last measured. `run_id` is None for removals older than runs.
    """

    removed_at: datetime
    by: str
    reason: str
    why: str
    run_id: UUID | None
    run_number: int | None
    data: DataFate
    restorable_until: datetime | None
    purged_at: datetime | None
    bytes: int | None

    @property
    def kept(self) -> bool:
        """Whether the data is kept for good."""
        return self.data is DataFate.KEPT


def tombstone_of(workspace_id: UUID) -> Tombstone | None:
    """The tombstone of one workspace; None for a live one."""
    return tombstones([workspace_id]).get(workspace_id)


def tombstones(ids: Collection[UUID]) -> dict[UUID, Tombstone]:
    """Id → tombstone, without live ones. Three statements for any number; none for no ids."""
    if not ids:
        return {}
    rows = list(Workspace.objects.filter(id__one_of=ids, status=Status.REMOVED).order_by().values(*COLUMNS))
    runs = {run.pk: run for run in _runs({row["removed_by"] for row in rows if row["removed_by"]})}
    said = _said({row["id"]: row["removed_at"] for row in rows})
    return {row["id"]: _tombstone(row, runs.get(row["removed_by"]), *said.get(row["id"], ("", ""))) for row in rows}


def _runs(ids: Collection[UUID]) -> QuerySet[ImportRun]:
    return ImportRun.objects.filter(id__one_of=ids).only("id", "number", "actor", "reason").order_by()


def _said(removed: Mapping[UUID, datetime]) -> dict[UUID, tuple[str, str]]:
    """Id → actor and reason in the history's row of the removal, which has the same moment."""
    versions = Workspace.history.filter(id__one_of=removed.keys(), status=Status.REMOVED).order_by()
    told = versions.values_list("id", "history_date", "history_actor", "history_change_reason")
    return {key: (actor, why or "") for key, when, actor, why in told if when == removed[key]}


def _tombstone(row: Mapping[str, Any], run: ImportRun | None, actor: str, why: str) -> Tombstone:
    data = _fate(row)
    return Tombstone(
        removed_at=row["removed_at"],
        by=run.actor if run else actor,
        reason=(run.reason if run else "") or why,
        why=why,
        run_id=run.pk if run else None,
        run_number=run.number if run else None,
        data=data,
        restorable_until=row["container__purge_at"] if data is DataFate.WAITS else None,
        purged_at=row["container__purged_at"] if data is DataFate.DESTROYED else None,
        bytes=row["container__volume_bytes"],
    )


def _fate(row: Mapping[str, Any]) -> DataFate:
    if row["container"] is None:
        return DataFate.NONE
    return fate_of(row["container__keep_volumes"], row["container__purge_at"], row["container__purged_at"])
