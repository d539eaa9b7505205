"""Differences between two states of one object, field by field, as events store and people read them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

NEW_PASSWORD = "a new password"
LONGEST = 80  # characters of a value in a sentence

Change = dict[str, Any]
"""`field`, `from`, `to`. JSON-ready, and never with a secret: a password appears only as changed."""


def changes_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The fields that differ, in the order of `after`; a field missing on one side counts as None there."""
    names = dict.fromkeys((*after, *before))
    pairs = ((name, before.get(name), after.get(name)) for name in names)
    return [{"field": name, "from": old, "to": new} for name, old, new in pairs if old != new]


def as_sentence(changes: Iterable[Mapping[str, Any]]) -> str:
    """`superuser: no → yes; groups: Viewer → Operator, Viewer`."""
    return "; ".join(_describe(str(each.get("field", "")), each.get("from"), each.get("to")) for each in changes)


def _describe(field: str, before: Any, after: Any) -> str:
    if field == "password":
        return NEW_PASSWORD if after else "no password any more"
    return f"{field}: {value_as_text(before)} → {value_as_text(after)}"


def value_as_text(value: Any) -> str:
    """A value as people read it; an empty one is `none`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value) or "none"
    text = "none" if value in (None, "") else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
