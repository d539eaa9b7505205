"""Changes since a run or a preview, and by whom: read from the events, for the pages of an undo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from audit.event_types import (
    BY_NAME,
    WORKSPACE_CHANGED,
    WORKSPACE_MOVED,
    WORKSPACE_PROVISIONING,
    WORKSPACE_PURGED,
    WORKSPACE_REMOVED,
    WORKSPACE_RESTORED,
    WORKSPACE_UPDATED,
)
from audit.models import StructureEvent
from workspaces.models import ImportRun, Organization, RunOperation

FIELDS = [each.name for each in (WORKSPACE_CHANGED, WORKSPACE_MOVED, WORKSPACE_UPDATED)]
TREE = [
    *FIELDS,
    *(each.name for each in (WORKSPACE_PROVISIONING, WORKSPACE_PURGED, WORKSPACE_REMOVED, WORKSPACE_RESTORED)),
]
MOST = 20

Changers = Mapping[str, tuple[str, datetime]]
"""Field → who changed it last, and when."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SinceChange:
    """One change of a workspace: its name, what happened to it, when, and by whom."""

    name: str
    what: str
    when: datetime
    actor: str


def changes_after(organization: Organization, moment: datetime) -> tuple[SinceChange, ...]:
    """The first MOST changes of the organization's workspaces since then, oldest first."""
    events = StructureEvent.objects.filter(organization=organization.slug, created_at__gte=moment, event_type__in=TREE)
    return tuple(
        SinceChange(
            name=str(event.payload.get("name", "")),
            what=BY_NAME[event.event_type].verb,
            when=event.created_at,
            actor=event.actor,
        )
        for event in events.first_of(MOST, latest=False, of_a_while=True)
    )


def changed_by(ids: Collection[UUID], *, since: datetime) -> dict[UUID, Changers]:
    """Workspace → its fields that changed since then, with the person who changed each last. One query."""
    if not ids:
        return {}
    events = StructureEvent.objects.filter(workspace_id__one_of=ids, event_type__in=FIELDS, created_at__gt=since)
    found: defaultdict[UUID, dict[str, tuple[str, datetime]]] = defaultdict(dict)
    rows = events.order_by("id").values_list("workspace_id", "payload", "actor", "created_at")
    for key, payload, actor, when in rows:
        if key:
            found[key].update({change["field"]: (actor, when) for change in payload.get("changes", ())})
    return dict(found)


def made_by(run: ImportRun, ids: Collection[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """The fields of these workspaces as the run left them, of those that it changed. One query."""
    if not ids:
        return {}
    rows = RunOperation.objects.filter(run=run, workspace_id__one_of=ids)
    return {key: (after or {}).get("fields") or {} for key, after in rows.values_list("workspace_id", "after")}
