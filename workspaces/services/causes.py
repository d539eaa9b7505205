"""Ids of workspaces with reasons and paths, as one FROM clause for set-based history and events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import repeat
from typing import Any
from uuid import UUID

from django.db import connections, router

from lib.bulk import Ids, as_array
from lib.staged_rows import locks_everything, stage_rows
from workspaces.models import Workspace

# LATERAL … LIMIT 1 looks each row up by its id; for a plain join the planner would read the whole table.
ROW = "CROSS JOIN LATERAL (SELECT * FROM workspaces_workspace WHERE id = why.id LIMIT 1) AS w"
SQLITE = """
    FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS reason,
                 json_extract(value, '$[2]') AS path, key AS place
          FROM json_each(%s)) AS why
    JOIN workspaces_workspace w ON w.id = why.id
"""
STAGED = "FROM {} AS why JOIN workspaces_workspace w ON w.id = why.id"
COLUMNS = ("id", "reason", "path")


class Reasons:
    """The reasons for a change of workspaces: one for all, or one for each, in the order of the ids.

    `paths` are their places, in the same order, as `workspaces.services.paths` writes them; events need them, the
    history does not. The text for the database is made once, for all statements.
    """

    def __init__(self, ids: Iterable[UUID], reason: str | Iterable[str], *, paths: Iterable[str] = ()) -> None:
        self.ids = Ids.of(ids)
        self.paths: Sequence[str] = tuple(paths)
        self._reason = reason if isinstance(reason, str) else tuple(reason)
        self._staged = ""  # the name of the temporary table

    def __len__(self) -> int:
        return len(self.ids)

    def stage(self, name: str) -> None:
        """Write them into a temporary table before the lock, as `lib.staged_rows`; `name` must be unique."""
        connection = connections[router.db_for_write(Workspace)]
        if self and locks_everything(connection):
            self._staged = stage_rows(connection, name, COLUMNS, self._rows())

    def source(self, vendor: str, *, paths: bool = False) -> tuple[str, list[Any]]:
        """`FROM why … JOIN … w`: a row for each workspace, and the statement's parameters.

        Columns: the workspace's as `w`, `why.reason`, with `paths` also `why.path`; `why.place` is the position in the
        given order.
        """
        if self._staged:
            return STAGED.format(self._staged), []
        if vendor == "sqlite":
            return SQLITE, [self._json]
        columns = {"id": ("uuid", self.ids.array)}
        if paths:
            columns["path"] = ("text", self._paths)
        if not isinstance(self._reason, str):
            columns["reason"] = ("text", self._reasons)
        arrays = ", ".join(f"%s::{kind}[]" for kind, _ in columns.values())
        each = f"unnest({arrays}) WITH ORDINALITY AS why({', '.join(columns)}, place)"
        values = [value for _, value in columns.values()]
        if not isinstance(self._reason, str):
            return f"FROM {each} {ROW}", values
        return f"FROM (SELECT *, %s::text AS reason FROM {each}) AS why {ROW}", [self._reason, *values]

    @cached_property
    def _reasons(self) -> str:
        return as_array(self._reason)

    @cached_property
    def _paths(self) -> str:
        return as_array(self.paths)

    @cached_property
    def _json(self) -> str:
        return json.dumps(list(self._rows()))

    def _rows(self) -> Iterable[tuple[str, str, str | None]]:
        reasons = repeat(self._reason, len(self)) if isinstance(self._reason, str) else self._reason
        paths: Iterable[str | None] = self.paths or repeat(None, len(self))
        return zip((key.hex for key in self.ids), reasons, paths, strict=True)
