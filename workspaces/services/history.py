"""History rows for many workspaces in one `INSERT … SELECT`, with actor, reason and run."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import connections, router

from workspaces.models import Workspace
from workspaces.services.actors import Actor
from workspaces.services.causes import Reasons


def record_history(
    why: Reasons,
    *,
    kind: Literal["+", "~"],
    actor: Actor,
    now: datetime,
    import_id: UUID | None = None,
) -> None:
    """Copy the present row of each workspace into its history."""
    model = Workspace.history.model
    connection = connections[router.db_for_write(model)]
    quote = connection.ops.quote_name
    copied = [quote(field.column) for field in model.tracked_fields]
    facts = ("history_date", "history_type", "history_actor", "history_user_id", "history_import_id")
    source, given = why.source(connection.vendor)
    import_field = model._meta.get_field("history_import_id")
    date = connection.ops.adapt_datetimefield_value(now)  # as the ORM writes it: SQLite compares moments as text
    values = [date, kind, actor.name, actor.user_id, import_field.get_db_prep_save(import_id, connection)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(model._meta.db_table)} ({', '.join((*copied, *facts, 'history_change_reason'))}) "
            f"SELECT {', '.join(f'w.{column}' for column in copied)}, {_typed(connection.vendor)}, why.reason {source}",
            [*values, *given],
        )


def _typed(vendor: str) -> str:
    if vendor == "postgresql":
        return "%s::timestamptz, %s, %s, %s::int, %s::uuid"
    return "%s, %s, %s, %s, %s"
