"""`previously`: the names that a workspace, or a whole template, had before."""

from __future__ import annotations

from workspaces.core.names import clean_name
from workspaces.core.problems import Path
from workspaces.core.template import Entry
from workspaces.core.validating.validation_context import Checks

PATH = "must be a name, or a path: a list of names from the root"
NAME = "must be a name"


def previous_places(checks: Checks, raw: object, path: Path) -> tuple[Entry, ...]:
    """Of a workspace: a name, or a list of entries, each of which is a name or a path from the root."""
    found: list[Entry] = []
    for each, here in _entries(raw, path):
        if isinstance(each, list):
            names = [_name(checks, name, (*here, place)) for place, name in enumerate(each)]
            if not names:
                checks.problem(here, PATH)
            found.append(tuple(name for name in names if name))
        elif name := _name(checks, each, here, form=PATH):
            found.append(name)
    return tuple(found)


def previous_names(checks: Checks, raw: object, path: Path) -> tuple[str, ...]:
    """Of a template: a name, or a list of names."""
    return tuple(name for each, here in _entries(raw, path) if (name := _name(checks, each, here)))


def _entries(raw: object, path: Path) -> list[tuple[object, Path]]:
    if raw is None:
        return []
    return [(each, (*path, index)) for index, each in enumerate(raw)] if isinstance(raw, list) else [(raw, path)]


def _name(checks: Checks, raw: object, path: Path, *, form: str = NAME) -> str | None:
    """A name by the rules of every name; None with a problem added. `form` says what it must be."""
    if not isinstance(raw, str):
        checks.problem(path, form)
        return None
    try:
        return clean_name(raw)
    except ValueError as error:
        checks.problem(path, str(error))
        return None
