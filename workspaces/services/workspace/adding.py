"""Creation of a workspace by hand."""

from __future__ import annotations

from functools import reduce
from operator import or_
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from uuid_utils.compat import uuid7

from lib.database_clock import database_now
from workspaces.access import Actor
from workspaces.core.names import SPACES, fold_spaces
from workspaces.core.planning.plan_values import Place
from workspaces.core.template import Node
from workspaces.errors import InvalidRequest, NameTaken
from workspaces.models import Organization, Workspace
from workspaces.services.plans.execution import New, creation_of, gets_container, insert_created


def create_workspace(
    organization: Organization, node: Node, *, parent_id: UUID | None, actor: Actor, reason: str = "by hand"
) -> Workspace:
    """Create one workspace by hand. Raises NameTaken, InvalidRequest (parent not live here)."""
    with transaction.atomic():
        Organization.objects.lock([organization.pk])
        siblings = Workspace.objects.live().filter(organization=organization)
        if parent_id and not siblings.filter(pk=parent_id).exists():
            raise InvalidRequest("The parent is not a live workspace of this organization.", field="parent")
        beside = siblings.filter(_may_look_like(node.name), parent=parent_id).values_list("name", flat=True)
        if node.name in map(fold_spaces, beside):
            raise NameTaken(f'A live workspace "{node.name}" stands there already.')
        place = Place(parent_id, (*_path_of(parent_id), node.name))
        new = New(uuid7(), parent_id, node, gets_container(external=node.external), place.path_text)
        creation = creation_of({0: new}, why=reason, template="")
        insert_created(creation, organization=organization, actor=actor, import_id=None, now=database_now())
    return Workspace.objects.select_related("organization").get(pk=new.id)


def _path_of(parent_id: UUID | None) -> tuple[str, ...]:
    return Workspace.objects.paths([parent_id])[parent_id] if parent_id else ()


def _may_look_like(name: str) -> Q:
    """Rows of that name, and those whose name an older version stored with other spaces."""
    return reduce(or_, (Q(name__contains=space) for space in ("  ", *SPACES.strip(" "))), Q(name=name))
