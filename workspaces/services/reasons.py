"""Ids of workspaces with reasons, paths and facts, as one FROM clause for set-based history and events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import repeat
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import connections, router

from lib.bulk import Ids, as_array, as_json, locks_everything, stage_rows
from workspaces.models import Workspace

# LATERAL … LIMIT 1 looks each row up by its id; for a plain join the planner would read the whole table.
LOOKED_UP = "CROSS JOIN LATERAL (SELECT * FROM workspaces_workspace WHERE id = why.id LIMIT 1) AS w"
JSON_ROWS = """
    FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS reason,
                 json_extract(value, '$[2]') AS path, json_extract(value, '$[3]') AS facts, key AS place
          FROM json_each(%s)) AS why
    JOIN workspaces_workspace w ON w.id = why.id
"""
STAGED_ROWS = "FROM {} AS why JOIN workspaces_workspace w ON w.id = why.id"
COLUMNS = ("id", "reason", "path", "facts")


def with_reason(cause: str, reason: str) -> str:
    """The words of history and event: a plan's cause, then the caller's reason, if they gave one."""
    return f"{cause}: {reason}" if reason else cause


class Reasons:
    """The reasons for a change of workspaces: one for all, or one for each, in the order of the ids.

    `paths` are their places, in the same order, as `Place.path_text` has them; events need them, the history does not.
    `facts` are what else an event says of each, all with the same keys. The text for the database is made once, for all
    statements.
    """

    def __init__(
        self,
        ids: Iterable[UUID],
        reason: str | Iterable[str],
        *,
        paths: Iterable[str] = (),
        facts: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        self.ids = Ids.of(ids)
        self.paths: Sequence[str] = tuple(paths)
        self.facts: Sequence[Mapping[str, Any]] = tuple(facts)
        self._reason = reason if isinstance(reason, str) else tuple(reason)
        self._staged = ""  # the name of the temporary table

    def __len__(self) -> int:
        return len(self.ids)

    def stage(self, name: str) -> None:
        """Write them into a temporary table before the lock, as `lib.bulk`; `name` must be unique."""
        connection = connections[router.db_for_write(Workspace)]
        if self and locks_everything(connection):
            self._staged = stage_rows(connection, name, COLUMNS, self._rows())

    def source(self, vendor: str, *, paths: bool = False) -> tuple[str, list[Any]]:
        """`FROM why … JOIN … w`: a row for each workspace, and the statement's parameters.

        Columns: the workspace's as `w`, `why.reason`, with `paths` also `why.path` and, if there are any, `why.facts`;
        `why.place` is the position in the given order.
        """
        if self._staged:
            return STAGED_ROWS.format(self._staged), []
        if vendor == "sqlite":
            return JSON_ROWS, [self._json]
        columns = {"id": ("uuid", self.ids.array)}
        if paths:
            columns["path"] = ("text", self._paths)
            if self.facts:
                columns["facts"] = ("text", self._facts)
        if not isinstance(self._reason, str):
            columns["reason"] = ("text", self._reasons)
        arrays = ", ".join(f"%s::{kind}[]" for kind, _ in columns.values())
        each = f"unnest({arrays}) WITH ORDINALITY AS why({', '.join(columns)}, place)"
        values = [value for _, value in columns.values()]
        if not isinstance(self._reason, str):
            return f"FROM {each} {LOOKED_UP}", values
        return f"FROM (SELECT *, %s::text AS reason FROM {each}) AS why {LOOKED_UP}", [self._reason, *values]

    @cached_property
    def _reasons(self) -> str:
        return as_array(self._reason)

    @cached_property
    def _paths(self) -> str:
        return as_array(self.paths)

    @cached_property
    def _facts(self) -> str:
        return as_array(map(as_json, self.facts))

    @cached_property
    def _json(self) -> str:
        return json.dumps(list(self._rows()))

    def _rows(self) -> Iterable[tuple[str, str, str | None, str | None]]:
        reasons = repeat(self._reason, len(self)) if isinstance(self._reason, str) else self._reason
        paths: Iterable[str | None] = self.paths or repeat(None, len(self))
        facts = map(as_json, self.facts) if self.facts else repeat(None, len(self))
        return zip(map(attrgetter("hex"), self.ids), reasons, paths, facts, strict=True)
