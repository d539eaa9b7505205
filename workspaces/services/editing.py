"""What a person may change of a workspace: protection, role, tier. Each change is a history row with its actor."""

from __future__ import annotations

from typing import TypedDict

from django.db import transaction

from orgsite.clock import database_now
from workspaces.errors import WorkspaceRemoved
from workspaces.models import Workspace
from workspaces.services.actors import Actor
from workspaces.services.history import record_history
from workspaces.services.locking import lock_organizations
from workspaces.services.reasons import Reasons


class Changes(TypedDict, total=False):
    """The editable columns; one that is missing stays as it is."""

    protected: bool
    role: str
    tier: int


def edit_workspace(workspace: Workspace, changes: Changes, *, actor: Actor, reason: str = "") -> Workspace:
    """Write the changes under the organization's lock: protection and removal never overtake each other.

    Raises WorkspaceRemoved.
    """
    with transaction.atomic():
        lock_organizations([workspace.organization_id])
        now = database_now()
        row = Workspace.objects.filter(pk=workspace.pk).select_related("organization").get()
        if not row.is_live:
            raise WorkspaceRemoved("This workspace is removed; that is final.")
        differing = {key: value for key, value in changes.items() if getattr(row, key) != value}
        if differing:
            Workspace.objects.live().filter(pk=row.pk).update(**differing, updated_at=now)
            why = Reasons([row.pk], reason or _sentence(differing))
            record_history(why, kind="~", actor=actor, now=now)
    return Workspace.objects.select_related("organization").get(pk=row.pk)


def _sentence(changes: dict[str, object]) -> str:
    return ", ".join(f"{key} set to {value}" for key, value in sorted(changes.items()))
