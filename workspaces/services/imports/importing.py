"""Preview and apply an import. Both plan with the same pure function; apply decides nothing on its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from lib import gc_tuning
from lib.database_clock import database_now
from workspaces.core.planning.plan import plan_import
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.core.planning.policy import require
from workspaces.core.template import Template
from workspaces.errors import AppliedAlready, PlanChanged
from workspaces.models import ImportRun, Organization, Workspace
from workspaces.services.actors import Actor
from workspaces.services.imports.drafts import Draft, Import
from workspaces.services.imports.snapshot import last_run, snapshot
from workspaces.services.locking import lock_organizations
from workspaces.services.plans.applied_plans import note_applied, run_that_applied
from workspaces.services.plans.execution import execute
from workspaces.services.plans.kept_templates import keep_template
from workspaces.services.plans.runs import claim_run, complete_run, new_run
from workspaces.services.plans.stored_filesets import store_filesets
from workspaces.services.templates.loader import LoadedTemplate
from workspaces.services.verdicts import judge


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """A finished import: `created` maps the index of each created row of the plan to its new id."""

    run: ImportRun
    plan: Plan
    created: Mapping[int, UUID]


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmation:
    """The plan that the caller saw and agreed to; None if they leave it to the guards. A preview is applied once."""

    fingerprint: str | None = None
    confirm_removals: int | None = None
    preview_id: UUID | None = None


@gc_tuning.paused()
def preview_import(organization: Organization, template: Template, *, mode: Mode) -> Plan:
    """The plan as of now. Two queries; changes nothing."""
    last = last_run(organization)  # first: an import between the two makes the fingerprint stale, never too fresh
    return plan_import(have=snapshot(organization), want=template, mode=mode, last_run=last)


def apply_import(
    organization: Organization,
    loaded: LoadedTemplate,
    *,
    mode: Mode,
    actor: Actor,
    reason: str = "",
    confirmation: Confirmation = Confirmation(),
) -> Applied:
    """Carry out the plan as it is under the organization's lock: all of it or nothing.

    Raises PlanChanged, AppliedAlready, RemovalNotConfirmed, NotFound (an expired preview's files); after any error the
    run is closed as refused or failed and its event written.
    """
    asked = Import(organization=organization, template=loaded.template, mode=mode, reason=reason)
    with new_run(organization, loaded, mode=mode, actor=actor, reason=reason) as run:
        ahead = asked.ahead()
        with transaction.atomic():
            lock_organizations([organization.pk])
            claim_run(run)
            draft = asked.under_lock(ahead)
            _check(draft.plan, confirmation, organization=organization)
            created = _execute(draft, run=run, actor=actor)
            complete_run(run, draft.plan)
            note_applied(confirmation.preview_id, run=run)
    return Applied(run=run, plan=draft.plan, created=created)


def _check(plan: Plan, confirmation: Confirmation, *, organization: Organization) -> None:
    shown, preview_id = confirmation.fingerprint, confirmation.preview_id
    stale = bool(shown and shown != plan.fingerprint)
    if stale or preview_id:
        applied_by = run_that_applied(organization, fingerprint=shown or "", preview_id=preview_id)
        if applied_by:
            raise AppliedAlready(plan, applied_by=applied_by)
    if stale:
        raise PlanChanged(plan)
    require(judge(plan), plan, confirmed=confirmation.confirm_removals)


def _execute(draft: Draft, *, run: ImportRun, actor: Actor) -> Mapping[int, UUID]:
    template = draft.plan.template
    store_filesets(template.files(), given=template.filesets, now=database_now())
    keep_template(run, template, document=draft.document)
    if draft.plan.changes_nothing:
        return {}
    created = execute(draft.prepared, run=run, actor=actor)
    _verify(draft.plan, run.organization)
    return created


def _verify(plan: Plan, organization: Organization) -> None:
    """Check that the tree is exactly as planned; if not, all is rolled back."""
    if Workspace.objects.live().filter(organization=organization).count() != plan.live_after:
        raise PlanChanged(plan)
