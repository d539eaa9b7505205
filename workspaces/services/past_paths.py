"""Paths of workspaces at their removal, read from its event: the tree may have changed since."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery

from audit.event_types import WORKSPACE_REMOVED
from audit.models import LATEST, StructureEvent
from workspaces.models import Workspace

Paths = dict[UUID, tuple[str, ...]]
"""Id → the names from the root down, the workspace's own last."""


def paths_at_removal(ids: Collection[UUID]) -> Paths:
    """The path of each workspace at its last removal: one statement, one index look-up for each."""
    if not ids:
        return {}
    events = StructureEvent.objects.filter(workspace_id=OuterRef("pk"), event_type=WORKSPACE_REMOVED.name).order_by(
        LATEST
    )
    rows = Workspace.objects.filter(pk__one_of=ids).order_by()
    found = {key: _path_in(payload) for key, payload in rows.values_list("pk", Subquery(events.values("payload")[:1]))}
    # Older events have no path. Workspaces could not move then, so today's path is the same.
    missing = [key for key, path in found.items() if not path]
    return found | Workspace.objects.paths(missing)


def _path_in(payload: Any) -> tuple[str, ...]:
    path = payload.get("path") if isinstance(payload, dict) else None
    return tuple(map(str, path)) if isinstance(path, list) else ()
