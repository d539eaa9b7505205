"""The filters of an undo's table."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import QueryDict

from workspaces.admin.plan.plan_lines import PlanLine
from workspaces.admin.plan.plan_query import ALL, CHANGES, EVERYTHING, REMOVALS, Filter, PlanQuery, does, is_changed
from workspaces.core.planning.plan_values import Action


def _moves(line: PlanLine) -> bool:
    return line.row.action is Action.MOVE


def _is_left(line: PlanLine) -> bool:
    return not line.thin and bool(line.row.obstacle)


FILTERS: Mapping[str, Filter] = {
    EVERYTHING: ALL,
    CHANGES: Filter(label="Changes", shows=is_changed, counts=lambda line: not line.thin and is_changed(line)),
    "restores": Filter(label="Restores", shows=does(Action.RESTORE)),
    "updates": Filter(label="Put back", shows=does(Action.UPDATE)),
    "moves": Filter(label="Moves", shows=_moves, counts=lambda line: not line.thin and _moves(line)),
    "removals": REMOVALS,
    "collateral": Filter(label="Collateral", shows=does(Action.COLLATERAL)),
    "left": Filter(label="Can't, or left", shows=_is_left),
}


def undo_query(query: QueryDict, kept: Mapping[str, str]) -> PlanQuery:
    """Only changes are shown unless the address says otherwise: what an undo leaves alone is no news."""
    return PlanQuery.of(query, filters=FILTERS, kept=kept, calm=False)
