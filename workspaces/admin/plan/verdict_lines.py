"""The judgement of a plan, as the dock says it: a word, and the rules that led to it."""

from __future__ import annotations

from collections.abc import Iterator

from workspaces.core.planning.plan_values import Plan
from workspaces.core.planning.policy import Ruling
from workspaces.services.verdicts import ONE_CLICK, Demand, judge


def judged(demand: Demand) -> str:
    """The verdict in words: `free`, `one click`, `needs the tick and the number`."""
    ticks, numbers = demand.ticked or demand.empty, demand.typed or demand.empty
    needs = (["the tick"] if ticks else []) + (["the number"] if numbers else [])
    return f"needs {' and '.join(needs)}" if needs else "one click" if demand.removals else "free"


def rulings(demand: Demand, plan: Plan) -> Iterator[Ruling]:
    """The policy's, and the page's own: more than a few are never removed by one click."""
    yield from judge(plan).rules
    few = demand.removals <= ONE_CLICK
    yield Ruling(rule="few", ok=few, why=f"{demand.removals:,} go, {'not ' if few else ''}more than {ONE_CLICK}")
