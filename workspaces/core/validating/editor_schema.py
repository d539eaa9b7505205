"""The JSON Schema of an org template, for editors: the models' checks, with a sentence for each key.

It describes the document after its includes. With it, an editor completes keys and shows the allowed ones; the import
reports what it cannot check (a name twice among siblings, a cron expression, a missing file).
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from workspaces.core.columns import DEFAULT_RUNTIME, DEFAULT_TIER, TIERS
from workspaces.core.validating.template_schema import USUAL, Defaults, OrgTemplate, ScheduleSchema, WorkspaceSchema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PARTS: dict[str, tuple[type[BaseModel], str]] = {
    "Defaults": (Defaults, "What a workspace has unless it says otherwise."),
    "Workspace": (WorkspaceSchema, "One workspace and those below it."),
    "Schedule": (ScheduleSchema, "A prompt sent by the clock."),
}
HOLDS = {"defaults": "Defaults", "workspaces": "Workspace", "children": "Workspace", "schedules": "Schedule"}
OF_A_TEMPLATE = {
    "name": "The template's name: its lineage.",
    "description": "For people.",
    "previously": "The names that this template had: what it declared under them stays its own.",
    "defaults": "What every workspace has unless it says otherwise.",
    "workspaces": "The workspaces at the top of the tree.",
}
OF_A_SCHEDULE = {"name": "Unique among the workspace's schedules.", "prompt_file": "A file below `files_dir`."}
KEYS = {
    "name": "Unique among its siblings; with the parent it says which workspace is meant.",
    "role": "What the agent is for.",
    "tier": f"How much the container may use, {TIERS[0]} to {TIERS[-1]}; {DEFAULT_TIER} where none is given.",
    "runtime": f"Which image the container is made from; `{DEFAULT_RUNTIME}` where none is given.",
    "model": "The language model.",
    "plugins": "Joined with those of the defaults; `!name` or `-name` drops one.",
    "initial_prompt": "What the agent is told first; wins over `initial_prompt_file`.",
    "initial_prompt_file": "A file below `files_dir`, in `defaults` below the template's root.",
    "idle_prompt": "What the agent is told when it has nothing to do; wins over `idle_prompt_file`.",
    "idle_prompt_file": "A file below `files_dir`, in `defaults` below the template's root.",
    "canvas": "Where the workspace stands on a drawing: `{x: 400, y: 50}`.",
    "parent": "Dropped: nesting says it.",
    "previously": "The names that it had, or the paths (lists of names from the root) to where it stood: it is moved "
    "or renamed with all it holds, not made anew.",
    "spawning": "`false`: neither this workspace nor those below it are created; their names still count.",
    "files_dir": "A folder of the template whose files go into the workspace's config volume.",
    "external": "`true`: the agent runs elsewhere, at `url`, and gets no container.",
    "url": "Where the agent of an external workspace listens.",
    "schedules": "Prompts sent by the clock.",
    "children": "The workspaces right below this one.",
    "cron_expr": "Five fields, or six with seconds: `*/5 * * * *`.",
    "timezone": "An IANA name, `Europe/Berlin`; UTC where none is given.",
    "prompt": "What the agent is told; wins over `prompt_file`.",
    "enabled": "`false`: declared, and never sent.",
}


def editor_schema(*, address: str) -> dict[str, Any]:
    """The schema (draft 2020-12) whose `$id` is `address`, where it is served."""
    return {
        "$schema": DIALECT,
        "$id": address,
        **_described(
            OrgTemplate, "Org template", "The tree of workspaces that an organization declares.", OF_A_TEMPLATE
        ),
        "$defs": {
            name: _described(model, name, text, KEYS | (OF_A_SCHEDULE if model is ScheduleSchema else {}))
            for name, (model, text) in PARTS.items()
        },
    }


def _described(model: type[BaseModel], title: str, text: str, keys: dict[str, str]) -> dict[str, Any]:
    """The schema without pydantic's additions for programmers: titles of keys, and null as their default."""
    schema = model.model_json_schema()
    properties = {name: _key(name, shape, keys) for name, shape in schema["properties"].items()}
    head = {"title": title, "description": text}
    kind = ["object", "null"] if model is Defaults else "object"  # `defaults:` with nothing behind it is not written
    return head | schema | head | {"type": kind, "properties": properties}


def _key(name: str, shape: dict[str, Any], keys: dict[str, str]) -> dict[str, Any]:
    kept = {key: value for key, value in shape.items() if key not in ("title", "default", "anyOf")}
    usual = f"Kept as written; usually {USUAL[name][0]}." if name in USUAL else ""
    text = " ".join(part for part in (keys.get(name, ""), usual) if part)
    return {"description": text} | kept | _or_null(shape) | _held(name)


def _or_null(shape: dict[str, Any]) -> dict[str, Any]:
    """A type or null without `anyOf`, at which an editor would underline the whole tree for a fault deep inside."""
    if "anyOf" not in shape:
        return {}
    (one,) = (each for each in shape["anyOf"] if each["type"] != "null")
    return {**one, "type": [one["type"], "null"]}


def _held(name: str) -> dict[str, Any]:
    part = {"$ref": f"#/$defs/{HOLDS[name]}"} if name in HOLDS else {}
    return {"items": part} if part and name != "defaults" else part
