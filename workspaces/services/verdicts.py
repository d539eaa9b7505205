"""Verdicts: the policy of `core` with this site's numbers, and what a person on a page confirms besides.

One click removes a few, unless the removal guard holds them back: then the number must be typed, as over REST it must
be repeated. It differs from plan to plan, so habit cannot fill it in.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from lib.text import plural
from workspaces.core.planning import policy
from workspaces.core.planning.plan_values import Plan
from workspaces.core.planning.policy import Policy, Verdict
from workspaces.errors import InvalidRequest


def judge(plan: Plan) -> Verdict:
    """The verdict of this site's policy on the plan."""
    return Policy(fraction=settings.ORGSITE_REMOVAL_GUARD).judge(plan)


def require(plan: Plan, *, confirmed: int | None, data_loss: int | None = None) -> None:
    """Let the plan through, or raise WorkspaceProtected or RemovalNotConfirmed; the numbers are the caller's."""
    policy.require(judge(plan), plan, confirmed=confirmed, data_loss=data_loss)


ONE_CLICK = 3
"""Up to so many removals are confirmed by the click alone, where the guard is silent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Demand:
    """The removals to confirm: all, and the `collateral` ones, which were not named; `released` ones lose their
    container. `why` is the guard's reason, or "". `typed`: the number has to be typed; else it is in the form."""

    removals: int
    typed: bool
    collateral: int = 0
    why: str = ""
    released: int = 0

    @property
    def ticked(self) -> bool:
        """Whether a box has to be ticked."""
        return bool(self.collateral or self.released)


def demand_for(removals: int, *, collateral: int = 0, why: str = "", released: int = 0) -> Demand:
    typed = removals > ONE_CLICK or bool(removals and why)
    return Demand(removals=removals, typed=typed, collateral=collateral, why=why, released=released)


def demand_of(plan: Plan) -> Demand:
    collateral, released = len(plan.collateral), len(plan.released)
    return demand_for(len(plan.removals), collateral=collateral, why=judge(plan).why, released=released)


def confirmed_number(demand: Demand, *, number: str, ticked: bool = False) -> int:
    """The number of removals that was confirmed. Raises InvalidRequest, which names the missing part."""
    if demand.collateral and not ticked:
        going = plural(demand.collateral, "workspace")
        message = f"Tick the box: {going} that the template does not name would go too. Nothing was changed."
        raise InvalidRequest(message, field="accept_collateral")
    if demand.released and not ticked:
        message = f"Tick the box: {plural(demand.released, 'container')} would go. Nothing was changed."
        raise InvalidRequest(message, field="accept_collateral")
    if number.strip() != str(demand.removals):
        message = (
            f"The number of workspaces to remove is {demand.removals}, not “{number.strip()}”. Nothing was changed."
        )
        raise InvalidRequest(message, field="confirm_removals")
    return demand.removals
