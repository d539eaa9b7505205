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
        ids = as_array(why)
        source = "unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS why(id, reason, place)"
        # The ids once more: to join alone PostgreSQL reads the whole table, as long as that is not very much larger.
        return f"FROM {source} JOIN workspaces_workspace w ON w.id = why.id AND w.id = ANY(%s::uuid[])", [
            ids,
            as_array(why.values()),
            ids,
        ]
    given = json.dumps([[key.hex, reason] for key, reason in why.items()])
    columns = "json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS reason, key AS place"
    return f"FROM (SELECT {columns} FROM json_each(%s)) AS why JOIN workspaces_workspace w ON w.id = why.id", [given]
