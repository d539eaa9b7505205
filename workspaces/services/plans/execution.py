"""The executor: carries out a plan's operations, set-based, and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from lib.database_clock import database_now
from lib.staged_rows import Rows
from workspaces.core.planning.plan_values import Plan
from workspaces.models import ImportRun
from workspaces.services.actors import Actor
from workspaces.services.plans.creation import Creation, create_planned, plan_creation
from workspaces.services.plans.stored_operations import operation_rows
from workspaces.services.plans.teardown import tear_down


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedPlan:
    """A plan with all rows that it writes, prepared before any lock."""

    plan: Plan
    creation: Creation
    operations: Rows

    @classmethod
    def of(cls, plan: Plan, *, reason: str) -> PreparedPlan:
        """New ids are chosen here. Changes nothing."""
        creation = plan_creation(plan, reason=reason)
        return cls(plan=plan, creation=creation, operations=operation_rows(plan, created=creation.created))

    def stage(self) -> None:
        """Do the slow part before the lock, where it holds up nobody."""
        if self.plan.operations:
            self.creation.stage()
            self.operations.stage()


def execute(prepared: PreparedPlan, *, run: ImportRun, actor: Actor, keep_volumes: bool = False) -> Mapping[int, UUID]:
    """Carry out the plan in the caller's transaction, under the organization's lock; row of the plan → new id.

    Creations come first, removals last: a creation that fails has destroyed nothing.
    """
    now = database_now()
    created = create_planned(prepared.creation, run=run, actor=actor, now=now)
    tear_down(prepared.plan, run=run, actor=actor, keep_volumes=keep_volumes, now=now)
    prepared.operations.insert(same={"run": run.pk})
    return created
