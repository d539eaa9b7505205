"""Workspaces, each with a reason, as one FROM: what history and events of many are selected from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from itertools import repeat
from typing import Any
from uuid import UUID

from django.db import connections, router

from lib.bulk import Ids, as_array
from lib.staged_rows import locks_everything, stage_rows
from workspaces.models import Workspace

EACH = "unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS why(id, reason, place)"
ALIKE = "(SELECT id, %s::text AS reason, place FROM unnest(%s::uuid[]) WITH ORDINALITY AS given(id, place)) AS why"
# Each row is looked up by its id; a plain join would have the planner read all rows of the table for it.
ROW = "CROSS JOIN LATERAL (SELECT * FROM workspaces_workspace WHERE id = why.id LIMIT 1) AS w"
SQLITE = """
    FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS reason, key AS place
          FROM json_each(%s)) AS why
    JOIN workspaces_workspace w ON w.id = why.id
"""


STAGED = "FROM {} AS why JOIN workspaces_workspace w ON w.id = why.id"


class Reasons:
    """Why something happens to workspaces: to all for one reason, or to each for its own, which stand in their order.

    What goes to the database is made into text once, for all statements that name it.
    """

    def __init__(self, ids: Iterable[UUID], reason: str | Iterable[str]) -> None:
        self.ids = Ids.of(ids)
        self._reason = reason if isinstance(reason, str) else tuple(reason)
        self._staged = ""  # the temporary table that has them

    def __len__(self) -> int:
        return len(self.ids)

    def stage(self, name: str) -> None:
        """Put them where they hold up nobody, as `lib.staged_rows` does with rows; `name` is theirs alone."""
        connection = connections[router.db_for_write(Workspace)]
        if self and locks_everything(connection):
            pairs = zip((key.hex for key in self.ids), self._each(), strict=True)
            self._staged = stage_rows(connection, name, ("id", "reason"), pairs)

    def source(self, vendor: str) -> tuple[str, list[Any]]:
        """`FROM why … JOIN … w`: a row for each workspace, and the statement's parameters.

        Columns: those of the workspace as `w`, and `why.reason`; `why.place` is its place among the given ones.
        """
        if self._staged:
            return STAGED.format(self._staged), []
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
        return json.dumps([[key.hex, text] for key, text in zip(self.ids, self._each(), strict=True)])

    def _each(self) -> Iterable[str]:
        return repeat(self._reason, len(self)) if isinstance(self._reason, str) else self._reason
