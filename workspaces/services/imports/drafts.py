"""The draft of an import: its plan and all rows it will write, made before the lock if that locks out everybody.

On SQLite a transaction that writes keeps every heartbeat waiting. So the plan is made before it. Under the lock only
the rows it was made from are read again; if they differ, the plan is made again there. On PostgreSQL the lock is the
organization's alone, and the plan is made under it.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from lib import gc_tuning
from lib.staged_rows import locks_everything
from workspaces.core.planning.plan import plan_import
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.core.template import Template
from workspaces.models import Organization
from workspaces.services.imports.snapshot import Stored, last_run, snapshot
from workspaces.services.plans.execution import PreparedPlan
from workspaces.services.plans.kept_templates import packed


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
    reason: str

    def ahead(self) -> Draft | None:
        """A draft without the lock; None if that saves no wait, or if the caller's transaction has the lock."""
        if connection.in_atomic_block or not locks_everything(connection):
            return None
        with gc_tuning.paused():
            seen = Stored(self.organization)
            plan = plan_import(have=seen.live(), want=self.template, mode=self.mode, last_run=seen.last_run)
        draft = self._draft(plan, seen=seen)
        draft.prepared.stage()
        return draft

    def under_lock(self, ahead: Draft | None) -> Draft:
        """The draft made ahead if it is still right, or a new one."""
        if ahead and ahead.seen and ahead.seen.plans_like(Stored(self.organization)):
            return ahead
        with gc_tuning.paused():
            last, have = last_run(self.organization), snapshot(self.organization)
            plan = plan_import(have=have, want=self.template, mode=self.mode, last_run=last)
        return self._draft(plan)

    def _draft(self, plan: Plan, *, seen: Stored | None = None) -> Draft:
        return Draft(prepared=PreparedPlan.of(plan, reason=self.reason), document=packed(self.template), seen=seen)
