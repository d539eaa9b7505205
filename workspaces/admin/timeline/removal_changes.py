"""Changes by a removal in its workspace's row, from the history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from typing import Any
from uuid import UUID

from django.utils import timezone

from workspaces.admin.shared.field_words import FieldPair
from workspaces.models import Status, Workspace

Removed = tuple[UUID, UUID | None]
"""A workspace, and the run that removed it."""


def removals_of(workspaces: Collection[UUID]) -> dict[Removed, tuple[FieldPair, ...]]:
    """Workspace and run → the fields that this removal changed. One query."""
    if not workspaces:
        return {}
    rows = Workspace.history.filter(id__one_of=list(workspaces)).order_by("id", "history_date", "history_id")
    versions = rows.values_list("id", "status", "history_import_id", "removed_at", "history_change_reason")
    every = (_removals(key, same) for key, same in groupby(versions, key=lambda row: row[0]))
    return {removed: changes for found in every for removed, changes in found}


def _removals(key: UUID, versions: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Removed, tuple[FieldPair, ...]]]:
    """One that was restored may have been removed more than once."""
    before = ""
    for _, status, run, removed_at, why in versions:
        if status == Status.REMOVED != before:
            yield (
                (key, run),
                (
                    FieldPair(field="status", before=before or "(unknown)", after=status),
                    FieldPair(field="removed at", before="(empty)", after=_moment(removed_at)),
                    FieldPair(field="reason", before="(empty)", after=why or "(none given)"),
                ),
            )
        before = status


def _moment(value: object) -> str:
    local = timezone.localtime(value)  # type: ignore[arg-type]
    return f"{local:%Y-%m-%d %H:%M:%S}"
