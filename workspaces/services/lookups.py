"""Look-ups with a permission check, by the text of a user. `to` is the right that is needed: Denied without it.

NotFound has the same sentence for a hidden row and a missing one, so that nobody learns what exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from workspaces.access import Right
from workspaces.errors import NotFound
from workspaces.models import ImportRun, Organization, Workspace
from workspaces.services.past_paths import paths_at_removal

if TYPE_CHECKING:
    from django.contrib.auth.models import User

DEFAULT = "default"  # the organization that `migrate` creates


def organization_for(user: User, slug: str, *, to: Right) -> Organization:
    """The organization of that slug, if the user may use it. Raises Denied or NotFound."""
    found = Organization.objects.visible_to(user, to=to).filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such organization.")
    return found


def organization_at(user: User, *, slug: str | None, parent_id: UUID | None) -> Organization:
    """The organization of a new workspace: the named one, else its parent's, else `default`.

    Raises Denied or NotFound.
    """
    if slug is None and parent_id:
        parent = Workspace.objects.visible_to(user).select_related("organization").filter(pk=parent_id).first()
        return organization_for(user, parent.organization.slug if parent else DEFAULT, to=Right.ADD)
    return organization_for(user, slug or DEFAULT, to=Right.ADD)


def workspace_for(user: User, text: str, *, to: Right) -> Workspace:
    """The workspace of that id, live or removed, if the user may use it. Raises Denied or NotFound."""
    rows = Workspace.objects.visible_to(user, to=to).select_related("organization")
    key = parse_id(text)
    found = rows.filter(pk=key).first() if key else None
    if found is None:
        raise NotFound("There is no such workspace.")
    return found


def run_for(user: User, text: str, *, to: Right) -> ImportRun:
    """The run of that id, if it is the user's to see. Raises Denied or NotFound."""
    visible = ImportRun.objects.filter(organization__in=Organization.objects.visible_to(user, to=to))
    key = parse_id(text)
    found = visible.select_related("organization").filter(pk=key).first() if key else None
    if found is None:
        raise NotFound("There is no such run.")
    return found


def parse_id(text: str) -> UUID | None:
    """The id in its canonical text form, as in addresses and answers; None for any other text."""
    try:
        key = UUID(text)
    except ValueError:
        return None
    return key if str(key) == text.lower() else None


def ancestor_names(workspace: Workspace) -> list[str]:
    """The names above the workspace, root first; above a removed one those that stood there then. One query."""
    paths = Workspace.objects.paths if workspace.is_live else paths_at_removal
    return list(paths([workspace.pk])[workspace.pk][:-1])


def live_children_count(workspace: Workspace) -> int:
    """The number of live workspaces directly below this one."""
    return Workspace.objects.live().filter(parent=workspace).count()
