"""Heartbeat and registration behind the race guard: one conditional UPDATE, whose row count decides.

An agent may send either as often as it likes: what it says again is read and not written.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from audit.emitting import emit
from audit.event_types import WORKSPACE_ONLINE
from lib.database_clock import database_now
from workspaces.errors import TooOften, WorkspaceRemoved
from workspaces.models import Status, Workspace
from workspaces.services.actors import Actor
from workspaces.services.causes import Reasons
from workspaces.services.history import record_history
from workspaces.services.security.rate_limits import MINUTE, take_turn
from workspaces.services.workspace_events import subject, workspace_event

HEARTBEAT_GRAIN = timedelta(seconds=5)
REGISTRATIONS = 6  # changes of address, or wakings by one, that a workspace may register in a minute


def heartbeat(workspace_id: UUID) -> None:
    """The workspace's agent is alive: online from now on. Raises WorkspaceRemoved, and then nothing changed.

    Where it was online HEARTBEAT_GRAIN ago nothing is written, so an agent costs a bounded number of writes, and waits
    for nobody who holds SQLite's only lock.
    """
    now = database_now()
    status, _, last = _seen(workspace_id)
    if status == Status.ONLINE and last and now - HEARTBEAT_GRAIN < last <= now:
        return
    with transaction.atomic():
        alive = Workspace.objects.live().filter(pk=workspace_id)
        if alive.filter(status=Status.ONLINE).update(last_heartbeat_at=now):
            return
        waking = alive.exclude(status=Status.ONLINE).update(**_online(now))
        if waking:
            _record_online(workspace_id, why="heartbeat", now=now)
        elif not alive.update(last_heartbeat_at=now):  # nor did another heartbeat wake it just now
            raise WorkspaceRemoved("This workspace is removed.")


def register(workspace_id: UUID, *, url: str) -> None:
    """The workspace's agent says where it listens. Raises WorkspaceRemoved or TooOften, and then nothing changed.

    What was known already is a heartbeat. A change is a history row and an event, so there are REGISTRATIONS a minute.
    """
    status, known, _ = _seen(workspace_id)
    if status == Status.ONLINE and known == url:
        heartbeat(workspace_id)
        return
    left = take_turn(f"register.{workspace_id}", limit=REGISTRATIONS, window=MINUTE)
    if left is not None:
        raise TooOften(f"A workspace may register {REGISTRATIONS} changes a minute.", left=left)
    now = database_now()
    with transaction.atomic():
        if not Workspace.objects.live().filter(pk=workspace_id).update(url=url, **_online(now)):
            raise WorkspaceRemoved("This workspace is removed.")
        _record_online(workspace_id, why=f"registered at {url}", now=now)


def refuse_removed(workspace_id: UUID) -> None:
    """Raise WorkspaceRemoved for a removed workspace, whatever else may be wrong with what its agent sent."""
    _seen(workspace_id)


def _seen(workspace_id: UUID) -> tuple[str, str, datetime | None]:
    """Status, address and last heartbeat as of now. Raises WorkspaceRemoved."""
    rows = Workspace.objects.live().filter(pk=workspace_id)
    seen = rows.values_list("status", "url", "last_heartbeat_at").first()
    if seen is None:
        raise WorkspaceRemoved("This workspace is removed.")
    return seen


def _online(now: datetime) -> dict[str, Any]:
    return {"status": Status.ONLINE, "updated_at": now, "last_heartbeat_at": now}


def _record_online(workspace_id: UUID, *, why: str, now: datetime) -> None:
    workspace = Workspace.objects.select_related("organization").get(pk=workspace_id)
    actor = Actor(name=f"workspace {workspace.name}"[:255])
    record_history(Reasons([workspace_id], why), kind="~", actor=actor, now=now)
    about = subject(workspace, path=Workspace.objects.paths([workspace_id])[workspace_id], why=why)
    emit([workspace_event(WORKSPACE_ONLINE, about, workspace=workspace, actor=actor)])
