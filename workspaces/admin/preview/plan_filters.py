"""The filters of a preview's table, and the options of both plans in each of its addresses."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import QueryDict

from workspaces.admin.plan.plan_lines import PlanLine
from workspaces.admin.plan.plan_query import ALL, CHANGES, EVERYTHING, REMOVALS, Filter, PlanQuery, does, is_changed
from workspaces.admin.preview.plan_options import Chosen
from workspaces.core.planning.plan_values import Action


def _moves(line: PlanLine) -> bool:
    return Action.MOVE in (line.row.action, line.merge.action if line.merge else None)


FILTERS: Mapping[str, Filter] = {
    EVERYTHING: ALL,
    CHANGES: Filter(label="Changes", shows=is_changed),
    "moves": Filter(label="Moves", shows=_moves, counts=lambda line: not line.thin and _moves(line)),
    "updates": Filter(label="Updates", shows=does(Action.UPDATE)),
    "removals": REMOVALS,
    "collateral": Filter(label="Collateral", shows=does(Action.COLLATERAL)),
    "left": Filter(label="Drift and conflicts", shows=lambda line: not line.thin and line.row.differs),
    "untouched": Filter(label="Untouched", shows=does(Action.UNTOUCHED)),
}


def preview_query(query: QueryDict, chosen: Chosen) -> PlanQuery:
    return PlanQuery.of(query, filters=FILTERS, kept=chosen.state)
