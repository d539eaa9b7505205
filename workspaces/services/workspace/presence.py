"""Heartbeats and registrations of agents. A conditional UPDATE is the race guard against a removal.

An agent may send either at any rate: a repeated one only reads.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from audit.emitting import emit
from audit.event_types import WORKSPACE_ONLINE
from lib.database_clock import database_now
from workspaces.access import Actor
from workspaces.errors import TooOften, WorkspaceRemoved
from workspaces.models import Status, Workspace
from workspaces.services.reasons import Reasons
from workspaces.services.security.rate_limits import MINUTE, take_turn
from workspaces.services.workspace_events import record_history, subject, workspace_event

HEARTBEAT_GRAIN = timedelta(seconds=5)
REGISTRATIONS = 6  # registrations of a workspace in a minute that change its address or bring it online


def heartbeat(workspace_id: UUID) -> None:
    """Mark the workspace as online. Raises WorkspaceRemoved, and then nothing changed.

    If the last heartbeat is younger than HEARTBEAT_GRAIN, nothing is written: so an agent causes a bounded number of
    writes, and rarely waits for SQLite's write lock.
    """
    now = database_now()
    status, _, last = _read(workspace_id)
    if status == Status.ONLINE and last and now - HEARTBEAT_GRAIN < last <= now:
        return
    with transaction.atomic():
        # The number of updated rows decides, never the state read before: a removal may have been committed since.
        alive = Workspace.objects.live().filter(pk=workspace_id)
        if alive.filter(status=Status.ONLINE).update(last_heartbeat_at=now):
            return
        came_online = alive.exclude(status=Status.ONLINE).update(**_online(now))
        if came_online:
            _record_online(workspace_id, why="heartbeat", now=now)
        elif not alive.update(last_heartbeat_at=now):  # 1 row: another heartbeat brought it online just now
            raise WorkspaceRemoved("This workspace is removed.")


def register(workspace_id: UUID, *, url: str) -> None:
    """Store the address of the workspace's agent. Raises WorkspaceRemoved or TooOften, and then nothing changed.

    A known address counts as a heartbeat. A change writes a history row and an event, so REGISTRATIONS limits it.
    """
    status, known, _ = _read(workspace_id)
    if status == Status.ONLINE and known == url:
        heartbeat(workspace_id)
        return
    left = take_turn(f"register.{workspace_id}", limit=REGISTRATIONS, window=MINUTE)
    if left is not None:
        raise TooOften(f"A workspace may register {REGISTRATIONS} changes a minute.", left=left)
    now = database_now()
    with transaction.atomic():
        if not Workspace.objects.live().filter(pk=workspace_id).update(reported_url=url, **_online(now)):
            raise WorkspaceRemoved("This workspace is removed.")
        _record_online(workspace_id, why=f"registered at {url}", now=now)


def refuse_removed(workspace_id: UUID) -> None:
    """Raise WorkspaceRemoved for a removed workspace. Call it before other checks of what its agent sent."""
    _read(workspace_id)


def _read(workspace_id: UUID) -> tuple[str, str, datetime | None]:
    """Status, address and last heartbeat. Raises WorkspaceRemoved."""
    rows = Workspace.objects.live().filter(pk=workspace_id)
    found = rows.values_list("status", "reported_url", "last_heartbeat_at").first()
    if found is None:
        raise WorkspaceRemoved("This workspace is removed.")
    return found


def _online(now: datetime) -> dict[str, Any]:
    return {"status": Status.ONLINE, "updated_at": now, "last_heartbeat_at": now}


def _record_online(workspace_id: UUID, *, why: str, now: datetime) -> None:
    workspace = Workspace.objects.select_related("organization").get(pk=workspace_id)
    actor = Actor(name=f"workspace {workspace.name}"[:255])
    record_history(Reasons([workspace_id], why), kind="~", actor=actor, now=now)
    about = subject(workspace, path=Workspace.objects.paths([workspace_id])[workspace_id], why=why)
    emit([workspace_event(WORKSPACE_ONLINE, about, workspace=workspace, actor=actor)])
