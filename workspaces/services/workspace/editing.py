"""Edits of a workspace by a person: protection, role, tier. Each has a history row and an event.

The container gets what changed: by a delivery, or, where its limits change, by a restart.
"""

from __future__ import annotations

from typing import TypedDict

from django.db import transaction

from audit.emitting import Event, emit
from audit.event_payloads import WorkspaceChanged
from audit.event_types import WORKSPACE_CHANGED
from lib.database_clock import database_now
from workspaces.access import Actor
from workspaces.core.changes import Change, changes_of
from workspaces.core.planning.field_diff import Differs, after_edit
from workspaces.errors import WorkspaceRemoved
from workspaces.models import Organization, Workspace
from workspaces.services.containers.restarts import Consequence, converge, restart_rule
from workspaces.services.plans.contents import read_contents
from workspaces.services.reasons import Reasons
from workspaces.services.workspace_events import record_history, subject, workspace_event


class Changes(TypedDict, total=False):
    """The editable columns; an omitted one stays the same."""

    protected: bool
    role: str
    tier: int


def edit_workspace(workspace: Workspace, changes: Changes, *, actor: Actor, reason: str = "") -> Workspace:
    """Write the changes under the organization's lock, so that protection and removal cannot interleave.

    Raises WorkspaceRemoved.
    """
    with transaction.atomic():
        Organization.objects.lock([workspace.organization_id])
        now = database_now()
        row = Workspace.objects.filter(pk=workspace.pk).select_related("organization").get()
        if not row.is_live:
            raise WorkspaceRemoved("This workspace is removed; nothing of it can be changed.")
        differing = {key: value for key, value in changes.items() if getattr(row, key) != value}
        if differing:
            Workspace.objects.live().filter(pk=row.pk).update(**differing, updated_at=now)
            _note_whether_it_differs(row)
            changed = changes_of({key: getattr(row, key) for key in differing}, differing)
            why = reason or _sentence(differing)
            record_history(Reasons([row.pk], why), kind="~", actor=actor, now=now)
            emit([_event(row, changed, why=why, reason=reason, actor=actor)])
            effect = restart_rule().effect(changed, external=row.external)
            converge({row.pk: Consequence(effect, changed)}, actor=actor, now=now)
    return Workspace.objects.select_related("organization").get(pk=row.pk)


def _note_whether_it_differs(row: Workspace) -> None:
    """Of one that a template declared: whether it is still what that says."""
    differs = after_edit(read_contents([row.pk])[row.pk], before=Differs(row.differs))
    if differs != row.differs:
        Workspace.objects.filter(pk=row.pk).update(differs=differs)


def _event(row: Workspace, changes: list[Change], *, why: str, reason: str, actor: Actor) -> Event:
    about = subject(row, path=Workspace.objects.paths([row.pk])[row.pk], why=why)
    payload: WorkspaceChanged = {**about, "changes": changes, "reason": reason}
    return workspace_event(WORKSPACE_CHANGED, payload, workspace=row, actor=actor)


def _sentence(changes: dict[str, object]) -> str:
    return ", ".join(f"{key} set to {value}" for key, value in sorted(changes.items()))
