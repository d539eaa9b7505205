"""Changes by a removal in its workspace's row, from the history."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from django.utils import timezone

from workspaces.models import Status, Workspace


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldChange:
    """One field before and after."""

    field: str
    before: str
    after: str


def removals_of(workspaces: Collection[UUID]) -> dict[UUID, tuple[FieldChange, ...]]:
    """Workspace → the fields that its removal changed. One query."""
    if not workspaces:
        return {}
    rows = Workspace.history.filter(id__one_of=list(workspaces)).order_by("id", "history_date", "history_id")
    versions = rows.values_list("id", "status", "removed_at", "history_change_reason")
    found = {key: _removal(same) for key, same in groupby(versions, key=lambda row: row[0])}
    return {key: changes for key, changes in found.items() if changes}


def _removal(versions: Iterable[tuple[UUID, str, object, str | None]]) -> tuple[FieldChange, ...]:
    before = ""
    for _, status, removed_at, why in versions:
        if status == Status.REMOVED:
            return (
                FieldChange(field="status", before=before or "(unknown)", after=status),
                FieldChange(field="removed at", before="(empty)", after=_moment(removed_at)),
                FieldChange(field="reason", before="(empty)", after=why or "(none given)"),
            )
        before = status
    return ()


def _moment(value: object) -> str:
    local = timezone.localtime(value)  # type: ignore[arg-type]
    return f"{local:%Y-%m-%d %H:%M:%S}"
