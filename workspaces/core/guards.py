"""The brakes, all of them applied before the first write."""

from __future__ import annotations

from dataclasses import dataclass

from workspaces.core.values import Mode, Plan
from workspaces.errors import RemovalNotConfirmed


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    """Why a plan is held back, and the number that lets it through."""

    message: str
    confirm_removals: int


def counted(number: int) -> str:
    """`1 workspace`, `8 workspaces`."""
    return f"{number:,} workspace{'' if number == 1 else 's'}"


def empty_set_warning(*, declared: bool, running: bool) -> str | None:
    """An empty template must never mean "remove everything": the sentence that says nothing was removed, or None."""
    if not declared:
        return "Reconcile removes nothing: the template names no workspace."
    if not running:
        return "Reconcile removes nothing: the template lets no workspace run."
    return None


def removal_guard(plan: Plan, *, fraction: float) -> Guard | None:
    """Held back: any collateral, or more removals than `fraction` (0 to 1) of what is live once the creates count."""
    removals, collateral = len(plan.removals), len(plan.collateral)
    live = plan.live_before + plan.created_count
    if collateral:
        why = f"{collateral} of them not in the template"
    elif removals > round(fraction * live, 9):  # 0.29 of 100 is 28.999… in binary
        why = f"more than {fraction:.0%} of the {live} live ones"
    else:
        return None
    message = f"This would remove {counted(removals)}, {why}. Repeat the number {removals} as confirm_removals."
    return Guard(message=message, confirm_removals=removals)


def check_removals(plan: Plan, *, fraction: float, confirmed: int | None) -> None:
    """Raise RemovalNotConfirmed unless the guard is silent or `confirmed` is the exact number of removals.

    A number that is given must fit, guard or not: it says what the caller believes will happen.
    """
    if confirmed is not None and plan.mode is Mode.RECONCILE and confirmed != len(plan.removals):
        message = f"This would remove {counted(len(plan.removals))}, not {confirmed}. Nothing was changed."
        raise RemovalNotConfirmed(message, plan=plan)
    guard = removal_guard(plan, fraction=fraction)
    if guard and confirmed is None:
        raise RemovalNotConfirmed(guard.message, plan=plan)
