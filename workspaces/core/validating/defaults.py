"""The values that a workspace inherits from `defaults`, and its resulting `spec`.

It reads the keys as written, not the models: so an invalid tier does not hide a missing prompt file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workspaces.core.problems import Path
from workspaces.core.validating.prompts import prompt
from workspaces.core.validating.template_schema import COLUMNS, NEVER_DEFAULTS, Defaults
from workspaces.core.validating.validation_context import Checks

PROMPTS = {key: f"{key}_file" for key in ("initial_prompt", "idle_prompt")}
_NOT_HANDED_ON = COLUMNS | NEVER_DEFAULTS | {*PROMPTS, *PROMPTS.values(), "plugins"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Inherited:
    """The defaults, ready to apply. `spec` has prompts as text and no plugins; `sizes` are its values' bytes."""

    model: Defaults
    plugins: tuple[str, ...]
    spec: Mapping[str, Any]
    sizes: Mapping[str, int]


def inherited(checks: Checks, raw: object, path: Path) -> Inherited:
    """The values that every workspace inherits from the template's `defaults`, unknown keys too."""
    written = raw if isinstance(raw, dict) else {}
    model = checks.model(Defaults, written, path) or Defaults()
    _check_keys(checks, written, path)
    spec = {key: value for key, value in written.items() if value is not None and key not in _NOT_HANDED_ON}
    spec.update(_prompts(checks, written, folder="", path=path))
    sizes = {key: len(key) + len(json.dumps(value, ensure_ascii=False).encode()) for key, value in spec.items()}
    return Inherited(model=model, plugins=_plugins(written), spec=spec, sizes=sizes)


def _check_keys(checks: Checks, written: Mapping[str, Any], path: Path) -> None:
    for key in written:
        if key in NEVER_DEFAULTS:
            checks.problem((*path, key), "belongs to a workspace, not to the defaults")
    checks.warn_unknown_keys(written, path, Defaults.model_fields.keys() | NEVER_DEFAULTS)
    checks.warn_unusual_types(written, path)


def node_spec(
    checks: Checks, defaults: Inherited, raw: Mapping[str, Any], *, folder: str | None, path: Path
) -> dict[str, Any]:
    """The keys of a workspace without a column, with inherited ones. Raises `TemplateTooLarge`."""
    spec = {key: value for key, value in raw.items() if key not in COLUMNS}
    spec.update(_prompts(checks, raw, folder=folder, path=path))
    missing = [key for key in defaults.spec if spec.get(key) is None]
    spec.update({key: defaults.spec[key] for key in missing})
    if defaults.plugins or raw.get("plugins") is not None:
        spec["plugins"] = _union(defaults.plugins, _plugins(raw))
    checks.count_expanded(sum(defaults.sizes[key] for key in missing) + sum(map(len, defaults.plugins)), path)
    return spec


def _prompts(checks: Checks, raw: Mapping[str, Any], *, folder: str | None, path: Path) -> dict[str, str]:
    """The prompts of one level, as text."""
    found = {}
    for key, of_file in PROMPTS.items():
        if key not in raw and of_file not in raw:
            continue
        text, file = _text(raw, key), _text(raw, of_file)
        resolved = prompt(checks, text, file, folder=folder, path=(*path, of_file))
        if resolved is not None:
            found[key] = resolved
    return found


def _text(raw: Mapping[str, Any], key: str) -> str | None:
    value = raw.get(key)
    return value if isinstance(value, str) else None


def _plugins(raw: Mapping[str, Any]) -> tuple[str, ...]:
    value = raw.get("plugins")
    return tuple(plugin for plugin in value if isinstance(plugin, str)) if isinstance(value, list) else ()


def _union(inherited: tuple[str, ...], own: tuple[str, ...]) -> list[str]:
    """The defaults' plugins, then the workspace's own, as written, without those that a `!x` or `-x` drops."""
    wanted = dict.fromkeys((*inherited, *own))
    dropped = {plugin[1:].strip() for plugin in wanted if plugin.startswith(("!", "-"))}
    return [plugin for plugin in wanted if not plugin.startswith(("!", "-")) and plugin not in dropped]
