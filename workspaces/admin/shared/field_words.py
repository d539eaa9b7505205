"""Fields and values of workspaces as people read them: of a preview, of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workspaces.core.changes import value_as_text

DIGEST = 8  # characters of a set of files that tell it from another one


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldPair:
    """One field before and after."""

    field: str
    before: str
    after: str


def pairs_of(changes: Iterable[Mapping[str, Any]]) -> Iterator[FieldPair]:
    """The changes that an event tells."""
    for each in changes:
        name = str(each.get("field", ""))
        yield FieldPair(field=field_name(name), before=shown(name, each.get("from")), after=shown(name, each.get("to")))


def field_pairs(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldPair]:
    """The fields of two states that a run keeps."""
    for name in dict.fromkeys((*before, *after)):
        yield FieldPair(
            field=field_name(name), before=shown(name, before.get(name)), after=shown(name, after.get(name))
        )


def field_name(name: str) -> str:
    """`schedule › Nightly build`, `spec › plugins`."""
    kind, dot, rest = name.partition(".")
    return f"{'schedule' if kind == 'schedules' else kind} › {rest}" if dot else name


def shown(name: str, value: Any) -> str:
    """The value as people read it, – for none."""
    if value is None:
        return "–"
    if name == "files":
        return f"files {str(value)[:DIGEST]}" if value else "none"
    if name.startswith("schedules.") and isinstance(value, Mapping):
        return _schedule(value)
    return value_as_text(value)


def _schedule(value: Mapping[str, Any]) -> str:
    """`30 1 * * MON-FRI, Europe/Berlin: Build it`"""
    off = "" if value.get("enabled", True) else ", disabled"
    prompt = f": {value_as_text(value['prompt'])}" if value.get("prompt") else ""
    return f"{value.get('cron_expr', '')}, {value.get('timezone', '')}{off}{prompt}"
