"""Where workspaces stood when something happened to them, as the event of it says; today's tree may be another one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery

from audit.event_types import WORKSPACE_PROVISIONING, WORKSPACE_REMOVED, EventType
from audit.models import EARLIEST, LATEST, StructureEvent
from workspaces.models import Workspace

Paths = dict[UUID, tuple[str, ...]]
"""Id → the names from the root, its own last."""


def paths_at_creation(ids: Collection[UUID]) -> Paths:
    """Where each was created."""
    return _paths(ids, WORKSPACE_PROVISIONING, EARLIEST)


def paths_at_removal(ids: Collection[UUID]) -> Paths:
    """Where each stood when it was removed, the last time."""
    return _paths(ids, WORKSPACE_REMOVED, LATEST)


def _paths(ids: Collection[UUID], kind: EventType[Any], order: Any) -> Paths:
    """One statement: of each workspace the first such event, from the end of an index where it stands."""
    if not ids:
        return {}
    told = StructureEvent.objects.filter(workspace_id=OuterRef("pk"), event_type=kind.name).order_by(order)
    rows = Workspace.objects.filter(pk__one_of=ids).order_by()
    found = {key: _path_in(payload) for key, payload in rows.values_list("pk", Subquery(told.values("payload")[:1]))}
    # Events of before paths were told say none. Nothing could move then: where such a row hangs now it hung then.
    missing = [key for key, path in found.items() if not path]
    return found | Workspace.objects.paths(missing)


def _path_in(payload: Any) -> tuple[str, ...]:
    path = payload.get("path") if isinstance(payload, dict) else None
    return tuple(map(str, path)) if isinstance(path, list) else ()
