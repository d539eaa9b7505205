"""Paths of workspaces: the names from the root down, the workspace's own last, as JSON text for the database.

The text of a child is made from its parent's, so n workspaces take n small steps, at any depth of the tree.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from uuid import UUID

_quoted = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps() would build an encoder for each value

Line = Mapping[UUID | None, tuple[UUID | None, str]]
"""Id → the parent's id, and the name."""


def path_below(parent: str, name: str) -> str:
    """The path of a child; of a root if `parent` is ""."""
    return f"{parent[:-1]}, {_quoted(name)}]" if parent else f"[{_quoted(name)}]"


def path_texts(ids: Iterable[UUID], line: Line) -> dict[UUID, str]:
    """Id → path, starting at the topmost ancestor in `line`. A cycle ends at the row where it closes."""
    known: dict[UUID, str] = {}
    for key in ids:
        upwards: list[UUID] = []
        above: UUID | None = key
        while above is not None and above in line and above not in known:
            known[above] = ""  # a placeholder, which ends a cycle
            upwards.append(above)
            above = line[above][0]
        text = known.get(above, "") if above is not None else ""
        for each in reversed(upwards):
            known[each] = text = path_below(text, line[each][1])
    return known
