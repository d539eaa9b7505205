"""Preview and apply an import. Both plan with the same pure function; apply decides nothing on its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction

from lib import gc_tuning
from lib.database_clock import database_now
from workspaces.core.planning.guards import check_removals
from workspaces.core.planning.plan import plan_import
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.core.template import Template
from workspaces.errors import AppliedAlready, PlanChanged
from workspaces.models import ImportRun, Organization, Workspace
from workspaces.services.actors import Actor
from workspaces.services.imports.applied_plans import note_applied, run_that_applied
from workspaces.services.imports.creation import create_planned
from workspaces.services.imports.drafts import Draft, Import
from workspaces.services.imports.runs import claim_run, complete_run, new_run
from workspaces.services.imports.snapshot import last_run, snapshot
from workspaces.services.imports.stored_filesets import store_filesets
from workspaces.services.locking import lock_organizations
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.templates.loader import LoadedTemplate


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """A finished import: `created` maps the index of each created row of the plan to its new id."""

    run: ImportRun
    plan: Plan
    created: Mapping[int, UUID]


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmation:
    """The plan that the caller saw and agreed to; None where they leave it to the guards. A preview is applied once."""

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

    Raises PlanChanged, AppliedAlready, RemovalNotConfirmed, NotFound (an expired preview's files); whatever is raised,
    the run is closed as refused or failed and its event written.
    """
    asked = Import(organization=organization, template=loaded.template, mode=mode, reason=reason)
    with new_run(organization, loaded, mode=mode, actor=actor, reason=reason) as run:
        ahead = asked.ahead()
        with transaction.atomic():
            lock_organizations([organization.pk])
            claim_run(run)
            draft = asked.under_lock(ahead)
            _check(draft.plan, confirmation, organization=organization)
            created = {} if draft.plan.changes_nothing else _execute(draft, run=run, actor=actor)
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
    check_removals(plan, fraction=settings.ORGSITE_REMOVAL_GUARD, confirmed=confirmation.confirm_removals)


def _execute(draft: Draft, *, run: ImportRun, actor: Actor) -> Mapping[int, UUID]:
    """Create first, remove last: a creation that fails has destroyed nothing."""
    plan, now = draft.plan, database_now()
    store_filesets(_files(plan), given=plan.template.filesets, now=now)
    created = create_planned(draft.creation, organization=run.organization, actor=actor, import_id=run.pk, now=now)
    if plan.removals:
        cascade_delete(
            [row.live.id for row in plan.removal_roots if row.live],
            actor=actor,
            reason=run.reason,
            causes={row.live.id: row.cause for row in plan.removals if row.live},
            import_id=run.pk,
            expected=[row.live.id for row in plan.removals if row.live],
        )
    _verify(plan, run.organization)
    return created


def _files(plan: Plan) -> frozenset[str]:
    """The digests of the files that the workspaces to be created come with."""
    return frozenset(row.node.files for row in plan.rows if row.node and row.node.files and not row.live)


def _verify(plan: Plan, organization: Organization) -> None:
    """The tree must now hold exactly what the plan promised; if not, nothing of it happened."""
    if Workspace.objects.live().filter(organization=organization).count() != plan.live_after:
        raise PlanChanged(plan)
