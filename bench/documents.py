"""Org templates to measure with: trees whose nodes say all that real ones say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

CHILDREN = 5
RUNTIMES = ("claude-code", "langgraph", "crewai")
PROMPT = "You are workspace {number}. Read the board each morning, pick what is yours, and say when you are done."


def parents(n: int) -> dict[int, range]:
    """The children of each of `n` nodes that has any, breadth first."""
    firsts = {number: number * CHILDREN + 1 for number in range(n)}
    return {number: range(first, min(first + CHILDREN, n)) for number, first in firsts.items() if first < n}


def node(number: int) -> dict[str, Any]:
    """One node without its children; one in ten has a schedule."""
    values = {
        "name": f"Workspace {number}",
        "role": f"Engineer for area {number % 97}",
        "tier": 1 + number % 4,
        "runtime": RUNTIMES[number % 3],
        "model": f"model-{number % 7}",
        "initial_prompt": PROMPT.format(number=number),
        "plugins": ["browser", f"tools-{number % 13}"],
        "canvas": {"x": number % 1000 * 10, "y": number // 1000 * 10},
    }
    if number % 10 == 0:
        values["schedules"] = [
            {"name": "Pulse", "cron_expr": "*/5 * * * *", "timezone": "UTC", "prompt": "Look around."}
        ]
    return values


def as_yaml(n: int) -> bytes:
    """A template of `n` nodes as people write it."""
    below = parents(n)
    lines = ["name: Bench", "workspaces:"]
    stack = [(0, 0)]
    while stack:
        number, depth = stack.pop()
        indent = "  " * (2 * depth + 1)
        for index, line in enumerate(_lines(node(number))):
            lines.append(f"{indent}{'  ' if index else '- '}{line}")
        if number in below:
            lines.append(f"{indent}  children:")
            stack += [(child, depth + 1) for child in reversed(below[number])]
    return "\n".join([*lines, ""]).encode()


def as_json(n: int) -> bytes:
    """The same as a program writes it."""
    below = parents(n)
    nodes = [node(number) for number in range(n)]
    for number, children in below.items():
        nodes[number]["children"] = [nodes[child] for child in children]
    return json.dumps({"name": "Bench", "workspaces": nodes[:1]}).encode()


def _lines(values: dict[str, Any]) -> Iterator[str]:
    """Plain text where YAML takes it; quotes and brackets are JSON's."""
    for key, value in values.items():
        if key == "schedules":
            yield "schedules:"
            yield from (f"  - {json.dumps(each)}" for each in value)
        elif key == "canvas":
            yield f"canvas: {{x: {value['x']}, y: {value['y']}}}"
        elif key == "plugins":
            yield f"plugins: [{', '.join(value)}]"
        else:
            yield f"{key}: {value}"
