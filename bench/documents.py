"""The measured trees as org templates: YAML as people write it, JSON as programs do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bench.trees import DEFAULTS
from workspaces.core.template import Node, Template


def as_yaml(template: Template) -> bytes:
    lines = [f"name: {template.name}", f"defaults: {json.dumps(DEFAULTS)}", "workspaces:"]
    stack = [(node, 0) for node in reversed(template.workspaces)]
    while stack:
        node, depth = stack.pop()
        indent = "  " * (2 * depth + 1)
        for index, line in enumerate(_lines(node)):
            lines.append(f"{indent}{'  ' if index else '- '}{line}")
        if node.children:
            lines.append(f"{indent}  children:")
            stack += [(child, depth + 1) for child in reversed(node.children)]
    return "\n".join([*lines, ""]).encode()


def as_json(template: Template) -> bytes:
    nodes = [_nested(node) for node in template.workspaces]
    return json.dumps({"name": template.name, "defaults": DEFAULTS, "workspaces": nodes}).encode()


def _nested(node: Node) -> dict[str, Any]:
    below = {"children": [_nested(child) for child in node.children]} if node.children else {}
    return {**_own(node), "schedules": _schedules(node), **below}


def _own(node: Node) -> dict[str, Any]:
    """The keys of the node itself."""
    prompt = node.spec["initial_prompt"]
    return {"name": node.name, "role": node.role, "tier": node.tier, "initial_prompt": prompt}


def _schedules(node: Node) -> list[dict[str, str]]:
    return [{"name": each.name, "cron_expr": each.cron_expr, "prompt": each.prompt} for each in node.schedules]


def _lines(node: Node) -> Iterator[str]:
    """The node's lines of YAML, with its schedules in flow style."""
    yield from (f"{key}: {value}" for key, value in _own(node).items())
    yield "schedules:"
    for each in _schedules(node):
        yield f'  - {{name: {each["name"]}, cron_expr: "{each["cron_expr"]}", prompt: {each["prompt"]}}}'
