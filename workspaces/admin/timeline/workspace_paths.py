"""Look-up of workspaces by id, name or path: of live ones the present path, of removed ones the last."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import Value
from django.db.models.functions import Upper

from lib.case_insensitive import Folded
from workspaces.core.names import sought_name
from workspaces.core.planning.plan_values import SEPARATOR
from workspaces.models import Organization, Status, Workspace
from workspaces.services.past_paths import paths_at_removal


def workspaces_called(text: str, *, organizations: Collection[str] | None, below: bool) -> tuple[UUID, ...]:
    """The workspaces of that id, name, or path, live and removed, of the organizations (None: of all).

    A path may begin anywhere: `Dev Lead › QA Engineer`. `below` adds all that ever stood below them. Nothing for a text
    that fits none; an id may be of no workspace.
    """
    key = _id(text)
    if key and not below:
        return (key,)
    scope = Organization.objects.all() if organizations is None else Organization.objects.filter(slug__in=organizations)
    rows = Workspace.objects.filter(organization__in=list(scope.values_list("pk", flat=True)))
    if key:
        known = rows.filter(pk=key).exists()  # never count below a workspace that the user may not see
        return tuple(sorted(Workspace.objects.subtree_ids([key]))) if known else (key,)
    *above, name = [part.strip() for part in sought_name(text).split(SEPARATOR.strip())]
    rows = rows.alias(folded=Folded("name")).filter(folded=Upper(Value(name)))
    found = _at(set(rows.order_by().values_list("id", flat=True)), above)
    return tuple(sorted(Workspace.objects.subtree_ids(found) if below and found else found))


def _at(workspaces: Collection[UUID], above: list[str]) -> set[UUID]:
    """The workspaces directly below these names: now, or, if removed, at their removal."""
    if not above or not workspaces:
        return set(workspaces)
    wanted = [name.casefold() for name in above]
    removed = set(Workspace.objects.filter(pk__one_of=workspaces, status=Status.REMOVED).values_list("pk", flat=True))
    paths = Workspace.objects.paths(set(workspaces) - removed) | paths_at_removal(removed)
    return {key for key, path in paths.items() if [each.casefold() for each in path[:-1][-len(above) :]] == wanted}


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
