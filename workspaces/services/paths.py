"""Where workspaces stand: the names from the root to each, its own last, as JSON text that the database takes as it is.

The text of a child is made from its parent's, so n workspaces cost n small steps, however deep the tree is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from uuid import UUID

_quoted = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps() makes an encoder for each value

Line = Mapping[UUID | None, tuple[UUID | None, str]]
"""Id → the parent's id, and the name."""


def path_below(parent: str, name: str) -> str:
    """The path of a child; below "", that of a root."""
    return f"{parent[:-1]}, {_quoted(name)}]" if parent else f"[{_quoted(name)}]"


def path_text(names: Iterable[str]) -> str:
    """The path with these names, from the root down."""
    return _quoted(list(names))


def path_texts(ids: Iterable[UUID], line: Line) -> dict[UUID, str]:
    """Id → its path, as far up as `line` goes. A cycle ends at the row where it closes."""
    known: dict[UUID, str] = {}
    for key in ids:
        upwards: list[UUID] = []
        above: UUID | None = key
        while above is not None and above in line and above not in known:
            known[above] = ""  # until it is known; a cycle meets it here
            upwards.append(above)
            above = line[above][0]
        text = known.get(above, "") if above is not None else ""
        for each in reversed(upwards):
            known[each] = text = path_below(text, line[each][1])
    return known
