"""History rows for many workspaces in one `INSERT … SELECT`, with actor, reason and run."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

from workspaces.models import Workspace
from workspaces.services.actors import Actor
from workspaces.services.causes import Reasons

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
