"""Equality of JSON values, as their text has it. In Python true is 1, and 1e23 is not the whole number 10²³, which is
what PostgreSQL gives back for it."""

from __future__ import annotations

from typing import Any

_ATOMS = frozenset({str, int, bool, type(None)})


def same(one: Any, other: Any) -> bool:
    """Whether both mean the same in JSON, however deep: 1 and 1.0 do, 1 and true do not."""
    kind = type(one)
    if kind is type(other) and kind in _ATOMS:
        return bool(one == other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and _same_values(one, other)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if {type(one), type(other)} == {int, float}:
        return float(one) == float(other)
    return bool(one == other)


def _same_values(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    for key, value in one.items():
        there = other[key]
        kind = type(value)
        if kind is type(there) and kind in _ATOMS:  # nearly all: no call for each
            if value != there:
                return False
        elif not same(value, there):
            return False
    return True
