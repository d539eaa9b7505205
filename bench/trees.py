"""The measured trees: the same names and contents in three shapes, and each shape with every name moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workspaces.core.template import Node, ScheduleSpec, Template

DEFAULTS: dict[str, Any] = {"runtime": "claude-code", "model": "sonnet", "plugins": ["files", "search"]}
TEAM = 60  # workspaces in one tree of the realistic shape: a head, 5 leads, 15 below them, the rest below those


def _wide(index: int) -> int | None:
    return 0 if index else None


def _branching(index: int) -> int | None:
    return (index - 1) // 5 if index else None


def _realistic(index: int) -> int | None:
    team, place = index - index % TEAM, index % TEAM
    if not place:
        return None
    if place <= 5:
        return team
    return team + (1 + (place - 6) // 3 if place <= 20 else 6 + (place - 21) % 15)


# Shape → function from the index of a workspace to that of its parent, which is always smaller.
SHAPES: dict[str, Callable[[int], int | None]] = {
    "wide": _wide,
    "branching 5": _branching,
    "realistic": _realistic,
}


def tree(shape: str, n: int, *, moved: int = 0, news: str = "what is new") -> Template:
    """A template of `n` workspaces. `moved` rotates the names by that number: the same names, all at other places.
    Every workspace asks for `news`, in a schedule's prompt and in a key of its `spec`.
    """
    parent_of = SHAPES[shape]
    children: dict[int | None, list[Node]] = {}
    for index in reversed(range(n)):
        below = tuple(reversed(children.pop(index, [])))
        children.setdefault(parent_of(index), []).append(_node(index, (index + moved) % n, below, news=news))
    return Template(name="Measured", header={}, workspaces=tuple(reversed(children[None])))


def _node(index: int, number: int, children: tuple[Node, ...], *, news: str) -> Node:
    """A node of realistic size: about 15 keys and values, the rest from the defaults."""
    prompt = f"You are number {number}. Read the board, take what is yours, and report {news}."
    return Node(
        name=f"Workspace {number}",
        path=f"workspaces[{index}]",
        role="Keeps one part of the product in order and answers questions about it",
        tier=1 + number % 4,
        runtime=DEFAULTS["runtime"],
        model=DEFAULTS["model"],
        schedules=(ScheduleSpec(name="Pulse", cron_expr="*/5 * * * *", prompt=f"Look at {news}."),),
        spec={"plugins": DEFAULTS["plugins"], "initial_prompt": prompt},
        children=children,
    )
