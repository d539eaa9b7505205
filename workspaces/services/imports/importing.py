"""Preview and apply an import. Both plan with the same pure function; apply decides nothing on its own.

On SQLite a transaction that writes keeps every heartbeat waiting. So a draft, the plan with all rows it will write, is
made before it; under the lock only the rows it was made from are read again, and if they differ, the plan is made again
there. On PostgreSQL the lock is the organization's alone, and the plan is made under it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from lib import gc_tuning
from lib.bulk import locks_everything
from lib.database_clock import database_now
from workspaces.access import Actor
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan import ReadContents, plan_import
from workspaces.core.planning.plan_values import Live, Mode, Plan
from workspaces.core.planning.render import as_json
from workspaces.core.template import Template
from workspaces.errors import AppliedAlready, PlanChanged
from workspaces.models import ImportRun, Organization
from workspaces.services.containers.restarts import restart_rule
from workspaces.services.plans.contents import read_contents
from workspaces.services.plans.execution import PreparedPlan, execute, first_status
from workspaces.services.plans.live_tree import Stored, last_run, snapshot, verify
from workspaces.services.plans.runs import claim_run, complete_run, new_run
from workspaces.services.plans.stored_plans import keep_template, note_applied, packed, run_that_applied, store_filesets
from workspaces.services.plans.updating import note_what_was_said
from workspaces.services.templates.loader import LoadedTemplate
from workspaces.services.verdicts import judge, require


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
def preview_import(
    organization: Organization, template: Template, *, mode: Mode, options: ImportOptions | None = None
) -> Plan:
    """The plan as of now. Four queries at most; changes nothing."""
    last, have = last_run(organization), snapshot(organization)
    return plan_import(
        have=have,
        want=template,
        mode=mode,
        options=options,
        last_run=last,
        read=read_contents,
        containers=restart_rule(),
    )


def apply_import(
    organization: Organization,
    loaded: LoadedTemplate,
    *,
    mode: Mode,
    options: ImportOptions | None = None,
    actor: Actor,
    reason: str = "",
    confirmation: Confirmation = Confirmation(),
) -> Applied:
    """Carry out the plan as it is under the organization's lock: all of it or nothing.

    Raises PlanChanged, AppliedAlready, RemovalNotConfirmed, NotFound (an expired preview's files); after any error the
    run is closed as refused or failed and its event written.
    """
    chosen = options or ImportOptions.of(mode)
    asked = Import(organization=organization, template=loaded.template, mode=mode, options=chosen, reason=reason)
    with new_run(organization, loaded, mode=mode, actor=actor, reason=reason) as run:
        ahead = asked.ahead()
        with transaction.atomic():
            Organization.objects.lock([organization.pk])
            claim_run(run)
            with gc_tuning.paused():
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
    require(plan, confirmed=confirmation.confirm_removals)


def _execute(draft: Draft, *, run: ImportRun, actor: Actor) -> Mapping[int, UUID]:
    template, now = draft.plan.template, database_now()
    store_filesets(template.files(), given=template.filesets, now=now)
    keep_template(run, template, document=draft.document)
    if draft.plan.changes_nothing:
        note_what_was_said(draft.plan)
        return {}
    created = execute(draft.prepared, run=run, actor=actor, now=now)
    verify(draft.plan, run.organization)
    return created


# ---- The draft of an import: its plan and all rows it will write, made before the lock if that locks out everybody.


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    prepared: PreparedPlan
    document: bytes  # the template, as the run keeps it
    seen: Stored | None = None  # if it was made without the lock

    @property
    def plan(self) -> Plan:
        return self.prepared.plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """The template to import, and the organization it goes into."""

    organization: Organization
    template: Template
    mode: Mode
    options: ImportOptions
    reason: str

    def ahead(self) -> Draft | None:
        """A draft without the lock, on SQLite; None where that saves no wait, and inside the caller's transaction."""
        if connection.in_atomic_block or not locks_everything(connection):
            return None
        with gc_tuning.paused():
            seen = Stored(self.organization)
            plan = self._plan(seen.live(), seen.last_run, read=seen.contents_of)
        draft = self._draft(plan, seen=seen)
        draft.prepared.stage()
        return draft

    def under_lock(self, ahead: Draft | None) -> Draft:
        """The draft made ahead if it is still right, or a new one."""
        if ahead and ahead.seen and ahead.seen.plans_like(Stored(self.organization)):
            return ahead
        last, have = last_run(self.organization), snapshot(self.organization)
        return self._draft(self._plan(have, last))

    def _plan(self, have: Collection[Live], last: UUID | None, *, read: ReadContents = read_contents) -> Plan:
        return plan_import(
            have=have, want=self.template, mode=self.mode, options=self.options, last_run=last, read=read,
            containers=restart_rule(),
        )  # fmt: skip

    def _draft(self, plan: Plan, *, seen: Stored | None = None) -> Draft:
        return Draft(prepared=PreparedPlan.of(plan, reason=self.reason), document=packed(self.template), seen=seen)


# ---- An import's outcome as plain data: the same answer from REST and from `import_org --json`.


def preview_answer(plan: Plan) -> dict[str, Any]:
    """The answer for a plan, with the policy's verdict."""
    return as_json(plan, verdict=judge(plan), first_status=first_status())


def applied_answer(applied: Applied) -> dict[str, Any]:
    """The answer to an apply."""
    return as_json(
        applied.plan,
        verdict=judge(applied.plan),
        created=applied.created,
        first_status=first_status(),
        import_id=applied.run.pk,
    )
