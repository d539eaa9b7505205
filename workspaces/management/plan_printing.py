"""A plan on a terminal: removals in red, creations in green."""

from __future__ import annotations

from django.core.management.base import OutputWrapper
from django.core.management.color import Style

from workspaces.core.planning.plan_values import Action, Plan
from workspaces.core.planning.render import SIGNS, as_text

COLOURS = {
    SIGNS[Action.CREATE]: "SUCCESS",
    SIGNS[Action.REMOVE]: "ERROR",
    SIGNS[Action.COLLATERAL]: "ERROR",
    SIGNS[Action.HELD]: "WARNING",
    SIGNS[Action.LEFT_RUNNING]: "WARNING",
}


def print_plan(plan: Plan, output: OutputWrapper, style: Style) -> None:
    """Print each line in the colour of its sign, then the summary."""
    *lines, summary = as_text(plan).split("\n")
    for line in lines:
        output.write(line, getattr(style, COLOURS[line[0]]) if line[:1] in COLOURS else None)
    output.write(summary)
