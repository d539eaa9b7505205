"""The events of a workspace, all of one shape: name, parent and why."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from audit.emitting import Event
from workspaces.services.actors import Actor


def workspace_event(
    what: str,
    *,
    workspace_id: UUID,
    name: str,
    parent_id: UUID | None,
    organization: str,
    actor: Actor,
    why: str,
    import_id: UUID | None = None,
    **facts: Any,
) -> Event:
    """`what` is the part behind `workspace.`; `facts` are further keys of the payload."""
    return Event(
        event_type=f"workspace.{what}",
        organization=organization,
        actor=actor.name,
        workspace_id=workspace_id,
        import_id=import_id,
        payload={"name": name, "parent_id": str(parent_id) if parent_id else None, "why": why, **facts},
    )
