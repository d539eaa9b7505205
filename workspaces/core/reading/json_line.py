"""A fast path for JSON that a program wrote on one line: the standard library reads it at once.

`json_events` reads any JSON and reports each problem with its place, but is thirty times slower. This reads only text
that certainly has no problem; for any other it returns None, and the caller falls back to the events.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.document import Value
from workspaces.core.reading.scalars import resolve

# Escapes of characters that a database cannot store; they match surrogate pairs (of an emoji) too
_DOUBTFUL = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def read_line(text: str, limits: TemplateLimits) -> Value:
    """The list or mapping in `text`; None if it is not certain that it is one line of JSON within the limits."""
    if "\n" in text.rstrip(" \r\n\t") or _DOUBTFUL.search(text) or _most_values(text) > limits.max_values:
        return None
    try:
        value: Value = json.loads(
            text, object_pairs_hook=_unique, parse_int=resolve, parse_float=resolve, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        return None
    return value if _height(value, limits.max_nesting) <= limits.max_nesting else None


def _most_values(text: str) -> int:
    """An upper bound for the number of values: each follows a comma, or is the first of a list or mapping."""
    return 1 + text.count(",") + text.count("[") + text.count("{")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _height(value: Value, most: int) -> int:
    """Levels of lists and mappings, counted up to `most` + 1."""
    level, height = [value] if isinstance(value, dict | list) else [], 0
    while level and height <= most:
        height += 1
        below = (each for owner in level for each in (owner.values() if isinstance(owner, dict) else owner))
        level = [each for each in below if isinstance(each, dict | list)]
    return height
