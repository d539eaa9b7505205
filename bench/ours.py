"""The product's own services, as every caller uses them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from bench.scratch import Place
from lib import gc_tuning
from workspaces.access import Actor
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan import Comparison
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.core.template import Template
from workspaces.models import ImportRun, Organization
from workspaces.services.imports.importing import Applied, Confirmation, apply_import
from workspaces.services.plans.contents import read_contents
from workspaces.services.plans.live_tree import snapshot
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.templates.loader import LoadedTemplate
from workspaces.services.undo.undoing import apply_undo

OPERATOR = Actor(name="operator")
REPLACING = ImportOptions.of(Mode.RECONCILE, moves=False)


def import_template(place: Place, template: Template) -> Applied:
    return _apply(place, template, Mode.MERGE)


def reconcile(place: Place, template: Template) -> Applied:
    """As an operator does: whatever the template has elsewhere or otherwise is moved and updated."""
    return _apply(place, template, Mode.RECONCILE)


def replace(place: Place, template: Template, *, removals: int) -> Applied:
    """Follow nobody: what stands elsewhere is made anew, and the old one goes."""
    return _apply(place, template, Mode.RECONCILE, options=REPLACING, removals=removals)


@gc_tuning.paused()
def preview(place: Place, template: Template) -> tuple[Plan, ...]:
    """Plan both modes from one snapshot of the tree, as the upload page does before what `replace` applies."""
    compared = Comparison(have=snapshot(Organization.objects.get(pk=place.organization)), want=template)
    merge = ImportOptions.of(Mode.MERGE)
    contents = read_contents(compared.in_doubt(merge, REPLACING))
    return tuple(
        compared.plan(mode, options, contents=contents)
        for mode, options in ((Mode.MERGE, merge), (Mode.RECONCILE, REPLACING))
    )


def delete(roots: Sequence[UUID]) -> None:
    cascade_delete(roots, actor=OPERATOR)


def undo(place: Place) -> None:
    """Take back the last run of the organization."""
    runs = ImportRun.objects.filter(organization=place.organization).select_related("organization")
    apply_undo(runs.latest("number"), actor=OPERATOR)


def _apply(
    place: Place, template: Template, mode: Mode, *, options: ImportOptions | None = None, removals: int | None = None
) -> Applied:
    return apply_import(
        Organization.objects.get(pk=place.organization),
        LoadedTemplate(template=template, source="", sha256=""),
        mode=mode,
        options=options,
        actor=OPERATOR,
        confirmation=Confirmation(confirm_removals=removals),
    )
