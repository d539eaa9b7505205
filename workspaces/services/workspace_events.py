"""Changes of workspaces, written down: a history row and an event for each, with actor, reason and run.

One statement each, for any number of workspaces. An event has the name, path and parent at that time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.emitting import Event, emit_from, emit_with, event_of
from audit.event_payloads import WorkspaceEvent
from audit.event_types import EventType
from audit.models import StructureEvent
from workspaces.access import Actor
from workspaces.models import Workspace
from workspaces.services.reasons import Reasons

Payload = TypeVar("Payload", bound=Mapping[str, Any])

# SQLite stores a UUID as 32 digits; a payload has it with hyphens, as everywhere else.
HYPHENS = " || '-' || ".join(f"substr(w.parent_id, {start}, {length})" for start, length in (
    (1, 8), (9, 4), (13, 4), (17, 4), (21, 12),
))  # fmt: skip
SQLITE = {"name": "w.name", "path": "json(why.path)", "parent_id": HYPHENS, "why": "why.reason"}
POSTGRESQL = {**SQLITE, "path": "why.path::jsonb", "parent_id": "w.parent_id"}
ORGANIZATION = "JOIN workspaces_organization o ON o.id = w.organization_id"
OWN = "'$.{}', why.facts -> '$.{}'"
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

    With `containerless` only for those without a container row. `facts` are the keys that this type has besides, with
    one value for all; those that differ are in `why`.
    """
    if not why:
        return
    connection = connections[router.db_for_write(StructureEvent)]
    source, given = why.source(connection.vendor, paths=True)
    select, values = _select(connection, kind, why, actor=actor, now=now, import_id=import_id, facts=facts)
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
    select, values = _select(connection, kind, why, actor=actor, now=now, import_id=import_id, facts=facts)
    own = ("why.reason", "why.path", "why.place", *(["why.facts"] if why.facts else []))
    columns = ", ".join((*(f"w.{column}" for column in copied_columns()), *own))
    emit_with(
        f"WITH changed AS MATERIALIZED (SELECT {columns} {source}), "
        f"history AS ({_of_changed(insert)} FROM changed AS w)",
        f"{_of_changed(select)} FROM changed AS w {ORGANIZATION} ORDER BY w.place",
        [*given, *copied, *values],
        instead=alone,
    )


def _of_changed(select: str) -> str:
    """The statement where reason, path, place and facts are columns of the looked-up row."""
    return select.replace("why.", "w.")


def _select(
    connection: BaseDatabaseWrapper,
    kind: EventType[Payload],
    why: Reasons,
    *,
    actor: Actor,
    now: datetime,
    import_id: UUID | None,
    facts: Mapping[str, Any],
) -> tuple[str, list[Any]]:
    run = StructureEvent._meta.get_field("import_id").get_db_prep_save(import_id, connection)
    moment = connection.ops.adapt_datetimefield_value(now)
    own = list(why.facts[0]) if why.facts else []
    return f"SELECT {_columns(connection.vendor, own)}", [kind.name, run, actor.name, json.dumps(facts), moment]


def _columns(vendor: str, own: Sequence[str]) -> str:
    """The columns of an event. Its payload has the keys of every event of a workspace, then those with one value for
    all, then its `own`.
    """
    if vendor == "postgresql":
        pairs = ", ".join(f"'{key}', {POSTGRESQL[key]}" for key in WorkspaceEvent.__annotations__)
        payload = f"jsonb_build_object({pairs}) || %s::jsonb{' || why.facts::jsonb' if own else ''}"
        return f"%s::text, o.slug, w.id, %s::uuid, %s::text, {payload}, %s::timestamptz"
    pairs = ", ".join(f"'{key}', {SQLITE[key]}" for key in WorkspaceEvent.__annotations__)
    payload = f"json_patch(json_object({pairs}), %s)"
    if own:  # json_patch drops a key whose value is null
        payload = f"json_set({payload}, {', '.join(map(OWN.format, own, own))})"
    return f"%s, o.slug, w.id, %s, %s, {payload}, %s"


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
