"""The product's own services, as every caller uses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from bench.place import Place
from workspaces.core.plan import Mode
from workspaces.core.template import Template
from workspaces.models import Organization
from workspaces.services.actors import Actor
from workspaces.services.cascading import cascade_delete
from workspaces.services.importing import Applied, Confirmation, apply_import
from workspaces.services.sources import LoadedTemplate

OPERATOR = Actor(name="operator")


def import_template(place: Place, template: Template) -> Applied:
    return _apply(place, template, Mode.MERGE)


def reconcile(place: Place, template: Template, *, removals: int | None = None) -> Applied:
    return _apply(place, template, Mode.RECONCILE, removals=removals)


def delete(roots: Sequence[UUID]) -> None:
    cascade_delete(roots, actor=OPERATOR)


def _apply(place: Place, template: Template, mode: Mode, *, removals: int | None = None) -> Applied:
    fresh = replace(template)  # what a template has worked out about itself is not carried over
    return apply_import(
        Organization.objects.get(pk=place.organization),
        LoadedTemplate(template=fresh, source="", sha256=""),
        mode=mode,
        actor=OPERATOR,
        confirmation=Confirmation(confirm_removals=removals),
    )
