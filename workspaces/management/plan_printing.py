"""A plan on a terminal: removals in red, creations and restores in green, moves and updates in cyan."""

from __future__ import annotations

from collections import Counter

from django.core.management.base import OutputWrapper
from django.core.management.color import Style

from workspaces.core.plan_words import WORDS
from workspaces.core.planning.plan_values import Action, Plan
from workspaces.core.planning.render import as_text

COLOURS = {
    WORDS[Action.CREATE].sign: "SUCCESS",
    WORDS[Action.UPDATE].sign: "MIGRATE_HEADING",
    WORDS[Action.MOVE].sign: "MIGRATE_HEADING",
    WORDS[Action.RESTORE].sign: "SUCCESS",
    WORDS[Action.REMOVE].sign: "ERROR",
    WORDS[Action.COLLATERAL].sign: "ERROR",
    WORDS[Action.HELD].sign: "WARNING",
    WORDS[Action.LEFT_RUNNING].sign: "WARNING",
    WORDS[Action.CANNOT].sign: "WARNING",
}


def print_plan(plan: Plan, output: OutputWrapper, style: Style) -> None:
    """Print each line in the colour of its sign, then the summary."""
    *lines, summary = as_text(plan).split("\n")
    for line in lines:
        output.write(line, getattr(style, COLOURS[line[0]]) if line[:1] in COLOURS else None)
    output.write(summary)


def questions(*plans: Plan) -> list[tuple[int, str]]:
    """The numbers that a person confirms before the plans are applied, each with its noun, over all of them."""
    asked = Counter[str]()
    for plan in plans:
        first = question(plan)
        for count, what in (*([first] if first else []), (len(plan.data_lost), "workspaces that come back empty")):
            asked[what] += count
    return [(count, what) for what, count in asked.items() if count]


def question(plan: Plan) -> tuple[int, str] | None:
    """The number that a person confirms before the plan is applied, and its noun; None if it disturbs nothing live."""
    if plan.removals:
        return len(plan.removals), "workspaces to remove"
    doing = [word for word, rows in (("move", plan.moved), ("restart", plan.restarted)) if rows]
    count = len(plan.moved) + sum(row.action is not Action.MOVE for row in plan.restarted)
    return (count, f"workspaces to {' or '.join(doing)}") if count else None
