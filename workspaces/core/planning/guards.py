"""The brakes, all of them applied before the first write."""

from __future__ import annotations

from dataclasses import dataclass

from lib.text import plural
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.errors import RemovalNotConfirmed


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    """Why a plan is held back, and the number that lets it through."""

    why: str
    confirm_removals: int

    @property
    def message(self) -> str:
        """The sentence for programs: what would happen, why that is held back, and what lets it through."""
        number = self.confirm_removals
        removes = f"This would remove {plural(number, 'workspace')}, {self.why}."
        return f"{removes} Repeat the number {number} as confirm_removals."


def empty_set_warning(*, declared: bool, running: bool) -> str | None:
    """An empty template must never mean "remove everything": the sentence that says nothing was removed, or None."""
    if not declared:
        return "Reconcile removes nothing: the template names no workspace."
    if not running:
        return "Reconcile removes nothing: the template lets no workspace run."
    return None


def removal_guard(plan: Plan, *, fraction: float) -> Guard | None:
    """Held back: any collateral, or more removals than `fraction` (0 to 1) of what was live before the import.

    What the import itself creates does not count: it would let a tree that is replaced as a whole pass unasked.
    """
    removals, collateral, live = len(plan.removals), len(plan.collateral), plan.live_before
    if collateral:
        return Guard(why=f"{collateral:,} of them not in the template", confirm_removals=removals)
    if removals > round(fraction * live, 9):  # 0.29 of 100 is 28.999… in binary
        return Guard(why=f"more than {fraction:.0%} of the {live:,} that are live now", confirm_removals=removals)
    return None


def check_removals(plan: Plan, *, fraction: float, confirmed: int | None) -> None:
    """Raise RemovalNotConfirmed unless the guard is silent or `confirmed` is the exact number of removals.

    A number that is given must fit, guard or not: it says what the caller believes will happen.
    """
    if confirmed is not None and plan.mode is Mode.RECONCILE and confirmed != len(plan.removals):
        message = f"This would remove {plural(len(plan.removals), 'workspace')}, not {confirmed}. Nothing was changed."
        raise RemovalNotConfirmed(message, plan=plan)
    guard = removal_guard(plan, fraction=fraction)
    if guard and confirmed is None:
        raise RemovalNotConfirmed(guard.message, plan=plan)
