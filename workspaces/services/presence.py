"""Heartbeat and registration behind the race guard: one conditional UPDATE, whose row count decides."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.emitting import emit
from workspaces.errors import WorkspaceRemoved
from workspaces.models import Status, Workspace
from workspaces.services.actors import Actor
from workspaces.services.history import record_history
from workspaces.services.telling import workspace_event


def heartbeat(workspace_id: UUID) -> None:
    """The workspace's agent is alive: online from now on. Raises WorkspaceRemoved, and then nothing changed."""
    now = timezone.now()
    with transaction.atomic():
        awake = Workspace.objects.live().filter(pk=workspace_id)
        if awake.filter(status=Status.ONLINE).update(last_heartbeat_at=now):
            return
        _come_online(workspace_id, why="heartbeat", last_heartbeat_at=now)


def register(workspace_id: UUID, *, url: str) -> None:
    """The workspace's agent says where it listens. Raises WorkspaceRemoved, and then nothing changed."""
    with transaction.atomic():
        _come_online(workspace_id, why=f"registered at {url}", url=url, last_heartbeat_at=timezone.now())


def refuse_removed(workspace_id: UUID) -> None:
    """Raise WorkspaceRemoved for a removed workspace, whatever else may be wrong with what its agent sent."""
    if not Workspace.objects.live().filter(pk=workspace_id).exists():
        raise WorkspaceRemoved("This workspace is removed.")


def _come_online(workspace_id: UUID, *, why: str, **values: Any) -> None:
    now = timezone.now()
    before = Workspace.objects.live().filter(pk=workspace_id)
    if not before.update(status=Status.ONLINE, updated_at=now, **values):
        raise WorkspaceRemoved("This workspace is removed.")
    workspace = Workspace.objects.select_related("organization").get(pk=workspace_id)
    actor = Actor(name=f"workspace {workspace.name}"[:255])
    record_history({workspace_id: why}, kind="~", actor=actor, now=now)
    event = workspace_event(
        "online",
        workspace_id=workspace_id,
        name=workspace.name,
        parent_id=workspace.parent_id,
        organization=workspace.organization.slug,
        actor=actor,
        why=why,
    )
    emit([event])
