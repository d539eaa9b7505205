"""Deleting one workspace on somebody's word: what has children goes only when she says so."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from workspaces.models import Workspace
from workspaces.services.actors import Actor
from workspaces.services.locking import lock_organizations
from workspaces.services.removal.cascading import Doomed, cascade_delete, preview_cascade, refuse_protected


@dataclass(frozen=True, kw_only=True, slots=True)
class Deletion:
    """What went, or, where `done` is false, what would go."""

    workspace: Workspace
    doomed: tuple[Doomed, ...]
    done: bool

    @property
    def descendants_count(self) -> int:
        """Workspaces below the deleted one; 0 when it was removed already."""
        return sum(1 for row in self.doomed if not row.root)

    @property
    def children(self) -> tuple[Doomed, ...]:
        """Those directly below it, by name."""
        below = [row for row in self.doomed if row.parent_id == self.workspace.pk]
        return tuple(sorted(below, key=lambda row: (row.name, row.id)))


def delete_workspace(
    workspace: Workspace, *, confirmed: bool, actor: Actor, reason: str = "", keep_volumes: bool = False
) -> Deletion:
    """Remove the workspace with everything live below it, unless it has live children and nobody confirmed.

    The children are counted under the organization's lock: none can appear between the question and the deed. A removed
    workspace stays as it is. Raises WorkspaceProtected.
    """
    with transaction.atomic():
        lock_organizations([workspace.organization_id])
        doomed = preview_cascade([workspace.pk])
        refuse_protected(doomed)
        if len(doomed) > 1 and not confirmed:
            return Deletion(workspace=workspace, doomed=doomed, done=False)
        doomed = cascade_delete([workspace.pk], actor=actor, reason=reason, keep_volumes=keep_volumes)
    return Deletion(workspace=workspace, doomed=doomed, done=True)
