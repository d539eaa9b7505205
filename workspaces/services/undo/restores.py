"""Restore removed workspaces of any organizations: one transaction, and a run for each organization. For commands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from lib.text import plural
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.errors import RemovalNotConfirmed
from workspaces.models import Organization, Workspace
from workspaces.services.plans.runs import claim_run, new_run
from workspaces.services.undo.undoing import Undone, carry_out, check_shown, preview_restore
from workspaces.services.verdicts import require


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownRestore:
    """The plan of one organization's restores."""

    organization: Organization
    plan: Plan


def preview_restores(ids: Collection[UUID]) -> tuple[ShownRestore, ...]:
    """A plan for each organization that the workspaces belong to, by its slug. Changes nothing."""
    return tuple(
        ShownRestore(organization=organization, plan=preview_restore(organization, keys))
        for organization, keys in _by_organization(ids).items()
    )


def apply_restores(
    ids: Collection[UUID],
    *,
    actor: Actor,
    reason: str = "",
    confirm_data_loss: int | None = None,
    shown: Collection[ShownRestore] = (),
) -> tuple[Undone, ...]:
    """Restore them in every organization, as these are under their locks, or in none; by slug.

    `confirm_data_loss` counts over all of them; `shown` are the plans that a person has agreed to. Raises what
    `apply_restore` raises, also if there is nothing to restore in one of the organizations.
    """
    chosen = _by_organization(ids)
    seen = {each.organization.pk: each.plan.fingerprint for each in shown}
    with ExitStack() as opened:
        runs = [
            opened.enter_context(new_run(organization, mode=Mode.UNDO, actor=actor, reason=reason))
            for organization in chosen
        ]
        with transaction.atomic():
            Organization.objects.lock([organization.pk for organization in chosen])
            done = [Undone(run=run, plan=preview_restore(run.organization, chosen[run.organization])) for run in runs]
            for each in done:
                claim_run(each.run)
                organization = each.run.organization
                check_shown(each.plan, seen.get(organization.pk), organization=organization, undoes=None)
            require_together([each.plan for each in done], data_loss=confirm_data_loss)
            for each in done:
                carry_out(each.plan, run=each.run, actor=actor)
    return tuple(done)


def require_together(plans: Sequence[Plan], *, data_loss: int | None) -> None:
    """Let all plans through, or raise RemovalNotConfirmed: `data_loss` is the number of those that come back empty."""
    empty = sum(len(plan.data_lost) for plan in plans)
    if len(plans) > 1 and (data_loss or 0) != empty:
        back = f"{plural(empty, 'workspace')} would come back empty"
        why = "the data was destroyed" if data_loss is None else f"not {data_loss}"
        losing = next((plan for plan in plans if plan.data_lost), plans[0])
        raise RemovalNotConfirmed(f"{back}, {why}. Nothing was changed.", plan=losing, confirm_data_loss=empty)
    for plan in plans:
        own = data_loss if len(plans) == 1 else len(plan.data_lost)
        require(plan, confirmed=None, data_loss=own)


def _by_organization(ids: Collection[UUID]) -> Mapping[Organization, list[UUID]]:
    """The ids of each organization, both in a stable order."""
    found: defaultdict[Organization, list[UUID]] = defaultdict(list)
    rows = Workspace.objects.filter(id__one_of=ids).select_related("organization")
    for row in rows.only("organization").order_by("organization__slug", "pk"):
        found[row.organization].append(row.pk)
    return found
