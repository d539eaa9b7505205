"""Undo a run, or restore single removed workspaces: preview and apply. Both plan with the same pure function.

What is applied is what was previewed, or nothing, as with an import: under the organization's lock the plan is made
again, compared by its fingerprint, and judged by the same policy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from lib import gc_tuning
from lib.database_clock import database_now
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.core.planning.render import undo_as_json
from workspaces.core.planning.undo_facts import PastFacts
from workspaces.core.planning.undo_plan import fields_needed, plan_undo
from workspaces.errors import AppliedAlready, NothingToUndo, PlanChanged
from workspaces.models import ImportRun, Organization, RunOperation
from workspaces.services.containers.restarts import restart_rule
from workspaces.services.plans.contents import read_contents
from workspaces.services.plans.execution import PreparedPlan, execute
from workspaces.services.plans.live_tree import last_run, snapshot, verify
from workspaces.services.plans.runs import claim_run, complete_run, new_run
from workspaces.services.plans.stored_plans import run_that_applied
from workspaces.services.undo.past import past_of, past_of_removed
from workspaces.services.verdicts import judge, require

ReadPast = Callable[[], PastFacts]


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoConfirmation:
    """The plan that the caller saw and agreed to; None if they leave it to the guards."""

    fingerprint: str | None = None
    confirm_removals: int | None = None
    confirm_data_loss: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Undone:
    """A finished undo or restore: its run, and the plan that it carried out."""

    run: ImportRun
    plan: Plan


def preview_undo(run: ImportRun) -> Plan:
    """The plan of undoing the run as of now. Changes nothing. A plan without operations: see `nothing_to_undo`."""
    return _plan(run.organization, partial(past_of, run))


def apply_undo(
    run: ImportRun, *, actor: Actor, reason: str = "", confirmation: UndoConfirmation = UndoConfirmation()
) -> Undone:
    """Undo the run as the organization is under its lock: all that the plan says, or nothing.

    Raises NothingToUndo, PlanChanged, AppliedAlready, RemovalNotConfirmed, and the undo's own run is refused.
    """
    read_past = partial(past_of, run)
    return _apply(run.organization, read_past, undoes=run, actor=actor, reason=reason, confirmation=confirmation)


def preview_restore(organization: Organization, ids: Collection[UUID]) -> Plan:
    """The plan of restoring removed workspaces of the organization, with what went with them. Changes nothing."""
    return _plan(organization, partial(past_of_removed, organization, ids))


def apply_restore(
    organization: Organization,
    ids: Collection[UUID],
    *,
    actor: Actor,
    reason: str = "",
    confirmation: UndoConfirmation = UndoConfirmation(),
) -> Undone:
    """Restore them as the organization is under its lock. Raises what `apply_undo` raises."""
    read_past = partial(past_of_removed, organization, ids)
    return _apply(organization, read_past, undoes=None, actor=actor, reason=reason, confirmation=confirmation)


def nothing_to_undo(plan: Plan, run: ImportRun | None = None) -> NothingToUndo | None:
    """The refusal of a plan without any operation, to undo `run` or to restore; None if it has one."""
    if plan.operations:
        return None
    if plan.cannot:
        first, more = plan.cannot[0], len(plan.cannot) - 1
        others = f" The same holds for {more:,} more, each for a reason of its own." if more else ""
        return NothingToUndo(f"Nothing of it can be taken back. {first.name}: {first.obstacle}.{others}", plan=plan)
    return NothingToUndo(_why_nothing(run), plan=plan)


def why_refused(plan: Plan, run: ImportRun | None = None) -> str:
    """The sentence with which the plan is refused, if it is applied without a number; "" if it is not."""
    nothing = nothing_to_undo(plan, run)
    return str(nothing) if nothing else judge(plan).message


def _why_nothing(run: ImportRun | None) -> str:
    if run is None:
        return "Nothing is removed here that could come back: look at the list of removed workspaces."
    run.refresh_from_db(fields=["state", "undone_by"])
    if run.state == ImportRun.State.RUNNING:
        return f"Run #{run.number} has not ended yet: wait for its end."
    if run.undone_by:
        return f"Run #{run.number} is undone already, by run #{run.undone_by.number}."
    if not RunOperation.objects.filter(run=run).exists():
        return f"Run #{run.number} changed nothing, so there is nothing to take back."
    return f"Nothing of run #{run.number} is left to take back: all of it is as it was before."


@gc_tuning.paused()
def _plan(organization: Organization, read_past: ReadPast) -> Plan:
    last, past, have = last_run(organization), read_past(), snapshot(organization)
    contents = read_contents(fields_needed(past, have))
    return plan_undo(past=past, have=have, contents=contents, last_run=last, containers=restart_rule())


def _apply(
    organization: Organization,
    read_past: ReadPast,
    *,
    undoes: ImportRun | None,
    actor: Actor,
    reason: str,
    confirmation: UndoConfirmation,
) -> Undone:
    with (
        new_run(organization, mode=Mode.UNDO, actor=actor, reason=reason, undoes=undoes) as run,
        transaction.atomic(),
    ):
        Organization.objects.lock([organization.pk])
        claim_run(run)
        plan = _plan(organization, read_past)
        check_shown(plan, confirmation.fingerprint, organization=organization, undoes=undoes)
        require(plan, confirmed=confirmation.confirm_removals, data_loss=confirmation.confirm_data_loss)
        carry_out(plan, run=run, actor=actor)
        if undoes:
            _note_undone(undoes, by=run)
    return Undone(run=run, plan=plan)


def carry_out(plan: Plan, *, run: ImportRun, actor: Actor) -> None:
    """Carry the checked plan out in the caller's transaction, under the organization's lock, and complete its run."""
    with gc_tuning.paused():
        execute(PreparedPlan.of(plan, reason=run.reason), run=run, actor=actor, now=database_now())
    verify(plan, run.organization)
    complete_run(run, plan)


def check_shown(plan: Plan, shown: str | None, *, organization: Organization, undoes: ImportRun | None) -> None:
    """Raise PlanChanged or AppliedAlready if the plan is not the one of the fingerprint `shown`, and NothingToUndo."""
    if shown and shown != plan.fingerprint:
        if applied_by := run_that_applied(organization, fingerprint=shown):
            raise AppliedAlready(plan, applied_by=applied_by)
        raise PlanChanged(plan)
    if refusal := nothing_to_undo(plan, undoes):
        raise refusal


def _note_undone(undone: ImportRun, *, by: ImportRun) -> None:
    """Note which run undid it. If that was an undo itself, the run before it stands again; if that one was an undo,
    too, the one before is undone once more, and so on."""
    runs = ImportRun.objects
    runs.filter(pk=undone.pk).update(undone_by=by)
    stands = False
    while undone.undoes_id:
        was, now = (None, undone.pk) if stands else (undone.pk, None)
        if not runs.filter(pk=undone.undoes_id, undone_by=was).update(undone_by=now):
            return
        undone, stands = runs.only("undoes").get(pk=undone.undoes_id), not stands


# ---- The outcome as plain data: the same answer from REST and from the commands.


def undo_answer(plan: Plan) -> dict[str, Any]:
    """The answer for a plan, with the policy's verdict."""
    return undo_as_json(plan, verdict=judge(plan))


def undone_answer(undone: Undone) -> dict[str, Any]:
    """The answer to an apply."""
    return undo_as_json(undone.plan, verdict=judge(undone.plan), run_id=undone.run.pk)
