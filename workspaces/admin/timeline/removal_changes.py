"""Changes by a removal in its workspace's row, from the history."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import groupby
from uuid import UUID

from django.utils import timezone

from workspaces.admin.shared.field_words import FieldPair
from workspaces.models import Status, Workspace


def removals_of(workspaces: Collection[UUID]) -> dict[UUID, tuple[FieldPair, ...]]:
    """Workspace → the fields that its removal changed. One query."""
    if not workspaces:
        return {}
    rows = Workspace.history.filter(id__one_of=list(workspaces)).order_by("id", "history_date", "history_id")
    versions = rows.values_list("id", "status", "removed_at", "history_change_reason")
    found = {key: _removal(same) for key, same in groupby(versions, key=lambda row: row[0])}
    return {key: changes for key, changes in found.items() if changes}


def _removal(versions: Iterable[tuple[UUID, str, object, str | None]]) -> tuple[FieldPair, ...]:
    before = ""
    for _, status, removed_at, why in versions:
        if status == Status.REMOVED:
            return (
                FieldPair(field="status", before=before or "(unknown)", after=status),
                FieldPair(field="removed at", before="(empty)", after=_moment(removed_at)),
                FieldPair(field="reason", before="(empty)", after=why or "(none given)"),
            )
        before = status
    return ()


def _moment(value: object) -> str:
    local = timezone.localtime(value)  # type: ignore[arg-type]
    return f"{local:%Y-%m-%d %H:%M:%S}"
