"""Workspaces, each with a reason, as one FROM: what history and events of many are selected from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from orgsite.bulk import as_array


def with_reasons(why: Mapping[UUID, str], vendor: str) -> tuple[str, list[Any]]:
    """`FROM why … JOIN … w`: a row for each workspace of `why` (id → reason), and the statement's parameters.

    Columns: those of the workspace as `w`, and `why.reason`; `why.place` is where it stands in the mapping.
    """
    if vendor == "postgresql":
        # Each row is looked up by its id; a plain join would have the planner read all rows of the table for it.
        row = "CROSS JOIN LATERAL (SELECT * FROM workspaces_workspace WHERE id = why.id LIMIT 1) AS w"
        source = f"FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS why(id, reason, place) {row}"
        return source, [as_array(why), as_array(why.values())]
    given = json.dumps([[key.hex, reason] for key, reason in why.items()])
    columns = "json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS reason, key AS place"
    return f"FROM (SELECT {columns} FROM json_each(%s)) AS why JOIN workspaces_workspace w ON w.id = why.id", [given]
