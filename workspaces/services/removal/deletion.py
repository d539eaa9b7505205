"""Deletion of one workspace; one with children needs a confirmation."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from workspaces.models import ImportRun, Workspace
from workspaces.services.actors import Actor
from workspaces.services.locking import lock_organizations
from workspaces.services.removal.cascading import Doomed, plan_cascade, remove


@dataclass(frozen=True, kw_only=True, slots=True)
class Deletion:
    """Removed workspaces, or, unless `done`, those to remove."""

    workspace: Workspace
    doomed: tuple[Doomed, ...]
    done: bool
    run: ImportRun | None = None  # None if nothing was removed

    @property
    def descendants_count(self) -> int:
        """Workspaces below the deleted one; 0 when it was removed already."""
        return sum(1 for row in self.doomed if not row.root)

    @property
    def children(self) -> tuple[Doomed, ...]:
        """Its direct children, by name."""
        below = [row for row in self.doomed if row.parent_id == self.workspace.pk]
        return tuple(sorted(below, key=lambda row: (row.name, row.id)))


def delete_workspace(
    workspace: Workspace, *, confirmed: bool, actor: Actor, reason: str = "", keep_volumes: bool = False
) -> Deletion:
    """Remove the workspace with everything live below it, unless it has live children and is not confirmed.

    The children are counted under the organization's lock: none can appear between the count and the removal. A removed
    workspace stays as it is. Raises WorkspaceProtected.
    """
    with transaction.atomic():
        lock_organizations([workspace.organization_id])
        cascade = plan_cascade([workspace.pk])
        if len(cascade.doomed) > 1 and not confirmed:
            return Deletion(workspace=workspace, doomed=cascade.doomed, done=False)
        removal = remove(cascade, actor=actor, reason=reason, keep_volumes=keep_volumes)
    run = removal.runs[0] if removal.runs else None
    return Deletion(workspace=workspace, doomed=removal.doomed, done=True, run=run)
