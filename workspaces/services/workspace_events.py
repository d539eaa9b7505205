"""Changes of workspaces, written down: a history row and an event for each, with actor, reason and run.

One statement each, for any number of workspaces. An event has the name, path and parent at that time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import repeat
from operator import attrgetter
from typing import Any, Literal, TypeVar
from uuid import UUID

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.emitting import Event, emit_from, emit_with, event_of
from audit.event_payloads import WorkspaceEvent
from audit.event_types import EventType
from audit.models import StructureEvent
from lib.bulk import Ids, as_array, locks_everything, stage_rows
from workspaces.access import Actor
from workspaces.models import Workspace

Payload = TypeVar("Payload", bound=Mapping[str, Any])

# SQLite stores a UUID as 32 digits; a payload has it with hyphens, as everywhere else.
HYPHENS = " || '-' || ".join(f"substr(w.parent_id, {start}, {length})" for start, length in (
    (1, 8), (9, 4), (13, 4), (17, 4), (21, 12),
))  # fmt: skip
SQLITE = {"name": "w.name", "path": "json(why.path)", "parent_id": HYPHENS, "why": "why.reason"}
POSTGRESQL = {**SQLITE, "path": "why.path::jsonb", "parent_id": "w.parent_id"}
ORGANIZATION = "JOIN workspaces_organization o ON o.id = w.organization_id"
CONTAINERLESS = "WHERE NOT EXISTS (SELECT 1 FROM workspaces_container c WHERE c.workspace_id = w.id)"


def subject(workspace: Workspace, *, path: tuple[str, ...], why: str) -> WorkspaceEvent:
    """The part of the payload that all events of a workspace share; `path` ends in its own name."""
    parent = workspace.parent_id
    return {"name": workspace.name, "path": list(path), "parent_id": str(parent) if parent else None, "why": why}


def workspace_event(
    kind: EventType[Payload],
    payload: Payload,
    *,
    workspace: Workspace,
    actor: Actor,
    import_id: UUID | None = None,
) -> Event:
    """An event of one workspace, whose `organization` must be loaded."""
    return event_of(
        kind,
        payload,
        organization=workspace.organization.slug,
        actor=actor.name,
        workspace_id=workspace.pk,
        import_id=import_id,
    )


def emit_for_each(
    kind: EventType[Payload],
    why: Reasons,
    *,
    actor: Actor,
    now: datetime,
    import_id: UUID | None = None,
    containerless: bool = False,
    **facts: Any,
) -> None:
    """Emit the same event for many workspaces, in order, by one statement. `why` must have their paths.

    With `containerless` only for those without a container row. `facts` are the keys that this type has besides.
    """
    if not why:
        return
    connection = connections[router.db_for_write(StructureEvent)]
    source, given = why.source(connection.vendor, paths=True)
    select, values = _select(connection, kind, actor=actor, now=now, import_id=import_id, facts=facts)
    emit_from(
        f"{select} {source} {ORGANIZATION} {CONTAINERLESS if containerless else ''} ORDER BY why.place",
        [*values, *given],
    )


def record_change(
    kind: EventType[Payload],
    why: Reasons,
    *,
    history: Kind,
    actor: Actor,
    now: datetime,
    import_id: UUID | None = None,
    **facts: Any,
) -> None:
    """History and event of many workspaces. On PostgreSQL one statement looks their rows up for both."""
    connection = connections[router.db_for_write(StructureEvent)]

    def alone() -> None:
        record_history(why, kind=history, actor=actor, now=now, import_id=import_id)

    if not why:
        return
    if connection.vendor != "postgresql":
        alone()
        emit_for_each(kind, why, actor=actor, now=now, import_id=import_id, **facts)
        return
    source, given = why.source(connection.vendor, paths=True)
    insert, copied = history_insert(connection, kind=history, actor=actor, now=now, import_id=import_id)
    select, values = _select(connection, kind, actor=actor, now=now, import_id=import_id, facts=facts)
    columns = ", ".join(f"w.{column}" for column in copied_columns())
    emit_with(
        f"WITH changed AS MATERIALIZED (SELECT {columns}, why.reason, why.path, why.place {source}), "
        f"history AS ({_of_changed(insert)} FROM changed AS w)",
        f"{_of_changed(select)} FROM changed AS w {ORGANIZATION} ORDER BY w.place",
        [*given, *copied, *values],
        instead=alone,
    )


def _of_changed(select: str) -> str:
    """The statement where reason, path and place are columns of the looked-up row."""
    return select.replace("why.", "w.")


def _select(
    connection: BaseDatabaseWrapper,
    kind: EventType[Payload],
    *,
    actor: Actor,
    now: datetime,
    import_id: UUID | None,
    facts: Mapping[str, Any],
) -> tuple[str, list[Any]]:
    run = StructureEvent._meta.get_field("import_id").get_db_prep_save(import_id, connection)
    moment = connection.ops.adapt_datetimefield_value(now)
    return f"SELECT {_columns(connection.vendor)}", [kind.name, run, actor.name, json.dumps(facts), moment]


def _columns(vendor: str) -> str:
    """The columns of an event; the keys of its payload are those that every event of a workspace has."""
    if vendor == "postgresql":
        pairs = ", ".join(f"'{key}', {POSTGRESQL[key]}" for key in WorkspaceEvent.__annotations__)
        payload = f"jsonb_build_object({pairs}) || %s::jsonb"
        return f"%s::text, o.slug, w.id, %s::uuid, %s::text, {payload}, %s::timestamptz"
    pairs = ", ".join(f"'{key}', {SQLITE[key]}" for key in WorkspaceEvent.__annotations__)
    return f"%s, o.slug, w.id, %s, %s, json_patch(json_object({pairs}), %s), %s"


# ---- History rows for many workspaces in one `INSERT … SELECT`, with actor, reason and run.


Kind = Literal["+", "~"]


def record_history(
    why: Reasons,
    *,
    kind: Kind,
    actor: Actor,
    now: datetime,
    import_id: UUID | None = None,
) -> None:
    """Copy the present row of each workspace into its history."""
    connection = connections[router.db_for_write(Workspace.history.model)]
    source, given = why.source(connection.vendor)
    statement, values = history_insert(connection, kind=kind, actor=actor, now=now, import_id=import_id)
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} {source}", [*values, *given])


def history_insert(
    connection: BaseDatabaseWrapper, *, kind: Kind, actor: Actor, now: datetime, import_id: UUID | None
) -> tuple[str, list[Any]]:
    """`INSERT … SELECT …`, to be followed by a FROM that has the rows as `w` and `why.reason`; and its parameters."""
    model, quote = Workspace.history.model, connection.ops.quote_name
    facts = ("history_date", "history_type", "history_actor", "history_user_id", "history_import_id")
    import_field = model._meta.get_field("history_import_id")
    date = connection.ops.adapt_datetimefield_value(now)  # as the ORM writes it: SQLite compares moments as text
    values = [date, kind, actor.name, actor.user_id, import_field.get_db_prep_save(import_id, connection)]
    copied = copied_columns()
    return (
        f"INSERT INTO {quote(model._meta.db_table)} ({', '.join((*copied, *facts, 'history_change_reason'))}) "
        f"SELECT {', '.join(f'w.{column}' for column in copied)}, {_typed(connection.vendor)}, why.reason",
        values,
    )


def copied_columns() -> list[str]:
    """The columns of a workspace that its history has."""
    return [field.column for field in Workspace.history.model.tracked_fields]


def _typed(vendor: str) -> str:
    if vendor == "postgresql":
        return "%s::timestamptz, %s, %s, %s::int, %s::uuid"
    return "%s, %s, %s, %s, %s"


# ---- Ids of workspaces with reasons and paths, as one FROM clause for set-based history and events.


# LATERAL … LIMIT 1 looks each row up by its id; for a plain join the planner would read the whole table.
LOOKED_UP = "CROSS JOIN LATERAL (SELECT * FROM workspaces_workspace WHERE id = why.id LIMIT 1) AS w"
JSON_ROWS = """
    FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS reason,
                 json_extract(value, '$[2]') AS path, key AS place
          FROM json_each(%s)) AS why
    JOIN workspaces_workspace w ON w.id = why.id
"""
STAGED_ROWS = "FROM {} AS why JOIN workspaces_workspace w ON w.id = why.id"
COLUMNS = ("id", "reason", "path")


class Reasons:
    """The reasons for a change of workspaces: one for all, or one for each, in the order of the ids.

    `paths` are their places, in the same order, as `Place.path_text` has them; events need them, the
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
        """Write them into a temporary table before the lock, as `lib.bulk`; `name` must be unique."""
        connection = connections[router.db_for_write(Workspace)]
        if self and locks_everything(connection):
            self._staged = stage_rows(connection, name, COLUMNS, self._rows())

    def source(self, vendor: str, *, paths: bool = False) -> tuple[str, list[Any]]:
        """`FROM why … JOIN … w`: a row for each workspace, and the statement's parameters.

        Columns: the workspace's as `w`, `why.reason`, with `paths` also `why.path`; `why.place` is the position in the
        given order.
        """
        if self._staged:
            return STAGED_ROWS.format(self._staged), []
        if vendor == "sqlite":
            return JSON_ROWS, [self._json]
        columns = {"id": ("uuid", self.ids.array)}
        if paths:
            columns["path"] = ("text", self._paths)
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
    def _json(self) -> str:
        return json.dumps(list(self._rows()))

    def _rows(self) -> Iterable[tuple[str, str, str | None]]:
        reasons = repeat(self._reason, len(self)) if isinstance(self._reason, str) else self._reason
        paths: Iterable[str | None] = self.paths or repeat(None, len(self))
        return zip(map(attrgetter("hex"), self.ids), reasons, paths, strict=True)
