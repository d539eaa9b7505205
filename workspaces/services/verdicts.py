"""Verdicts: the policy of `core` with this site's numbers, and what a person on a page confirms besides.

One click removes a few, unless the removal guard holds them back: then the number must be typed, as over REST it must
be repeated. It differs from plan to plan, so habit cannot fill it in.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from lib.text import plural
from workspaces.core.planning import policy
from workspaces.core.planning.plan_values import Mode, Plan
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


BESIDE = {False: "that the template does not name", True: "that the run did not make"}
"""Collateral in words: of an import, and of an undo."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Demand:
    """The removals to confirm: all, and the `collateral` ones, which are those `beside` what was meant; `released` ones
    lose their container, `empty` ones come back without their data. `why` is the guard's reason, or "". `typed`: the
    number has to be typed; else it is in the form."""

    removals: int
    typed: bool
    collateral: int = 0
    why: str = ""
    released: int = 0
    empty: int = 0
    beside: str = BESIDE[False]

    @property
    def ticked(self) -> bool:
        """Whether a box has to be ticked for what goes."""
        return bool(self.collateral or self.released)


def demand_for(removals: int, *, why: str = "") -> Demand:
    return Demand(removals=removals, typed=_is_typed(removals, why), why=why)


def demand_of(plan: Plan) -> Demand:
    removals, why = len(plan.removals), judge(plan).why_removals
    return Demand(
        removals=removals,
        typed=_is_typed(removals, why),
        collateral=len(plan.collateral),
        why=why,
        released=len(plan.released),
        empty=len(plan.data_lost),
        beside=BESIDE[plan.mode is Mode.UNDO],
    )


def _is_typed(removals: int, why: str) -> bool:
    return removals > ONE_CLICK or bool(removals and why)


def confirmed_number(demand: Demand, *, number: str, ticked: bool = False) -> int:
    """The number of removals that was confirmed. Raises InvalidRequest, which names the missing part."""
    if demand.collateral and not ticked:
        going = plural(demand.collateral, "workspace")
        message = f"Tick the box: {going} {demand.beside} would go too. Nothing was changed."
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


def confirmed_loss(demand: Demand, *, number: str, ticked: bool) -> int | None:
    """The confirmed number of workspaces that come back empty, None if there are none. Raises InvalidRequest."""
    if not demand.empty:
        return None
    if not ticked:
        back = plural(demand.empty, "workspace")
        message = f"Tick the box: {back} would come back empty. Nothing was changed."
        raise InvalidRequest(message, field="accept_data_loss")
    if number.strip() != str(demand.empty):
        message = (
            f"The number of workspaces that come back empty is {demand.empty}, not “{number.strip()}”. "
            "Nothing was changed."
        )
        raise InvalidRequest(message, field="confirm_data_loss")
    return demand.empty
