"""Changes of live workspaces, written as the executor of a plan writes them."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from lib.database_clock import database_now
from workspaces.access import Actor
from workspaces.core.changes import changes_of
from workspaces.models import Organization, Workspace
from workspaces.services.containers.restarts import Consequence, converge, restart_rule


def change_fields(organization: Organization, name: str, *, actor: Actor, **values: Any) -> None:
    """Give the workspace of that name other values, and its container what follows from them."""
    with transaction.atomic():
        Organization.objects.lock([organization.pk])
        row, now = Workspace.objects.get(organization=organization, name=name), database_now()
        changed = changes_of({key: getattr(row, key) for key in values}, values)
        Workspace.objects.filter(pk=row.pk).update(**values)
        effect = restart_rule().effect(changed, external=row.external)
        converge({row.pk: Consequence(effect, changed)}, actor=actor, now=now)
