"""Workspaces, each with a reason, as one FROM: what history and events of many are selected from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from itertools import repeat
from typing import Any
from uuid import UUID

from orgsite.bulk import Ids, as_array

EACH = "unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS why(id, reason, place)"
ALIKE = "(SELECT id, %s::text AS reason, place FROM unnest(%s::uuid[]) WITH ORDINALITY AS given(id, place)) AS why"
# Each row is looked up by its id; a plain join would have the planner read all rows of the table for it.
ROW = "CROSS JOIN LATERAL (SELECT * FROM workspaces_workspace WHERE id = why.id LIMIT 1) AS w"
SQLITE = """
    FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS reason, key AS place
          FROM json_each(%s)) AS why
    JOIN workspaces_workspace w ON w.id = why.id
"""


class Reasons:
    """Why something happens to workspaces: to all for one reason, or to each for its own, which stand in their order.

    What goes to the database is made into text once, for all statements that name it.
    """

    def __init__(self, ids: Iterable[UUID], reason: str | Iterable[str]) -> None:
        self.ids = Ids.of(ids)
        self._reason = reason if isinstance(reason, str) else tuple(reason)

    def __len__(self) -> int:
        return len(self.ids)

    def source(self, vendor: str) -> tuple[str, list[Any]]:
        """`FROM why … JOIN … w`: a row for each workspace, and the statement's parameters.

        Columns: those of the workspace as `w`, and `why.reason`; `why.place` is its place among the given ones.
        """
        if vendor == "sqlite":
            return SQLITE, [self._pairs]
        if isinstance(self._reason, str):
            return f"FROM {ALIKE} {ROW}", [self._reason, self.ids.array]
        return f"FROM {EACH} {ROW}", [self.ids.array, self._texts]

    @cached_property
    def _texts(self) -> str:
        return as_array(self._reason)

    @cached_property
    def _pairs(self) -> str:
        texts = repeat(self._reason, len(self)) if isinstance(self._reason, str) else self._reason
        return json.dumps([[key.hex, text] for key, text in zip(self.ids, texts, strict=True)])
