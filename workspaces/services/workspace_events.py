"""The events of workspaces, all of one shape: name, parent and why."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connections, router

from audit.emitting import Event, emit_from
from audit.models import StructureEvent
from workspaces.services.actors import Actor
from workspaces.services.causes import Reasons

# The columns of an event. A UUID in SQLite is its 32 digits; in a payload it has hyphens, as everywhere else.
HYPHENS = " || '-' || ".join(f"substr(w.parent_id, {start}, {length})" for start, length in (
    (1, 8), (9, 4), (13, 4), (17, 4), (21, 12),
))  # fmt: skip
SQLITE = (
    "%s, o.slug, w.id, %s, %s, "
    f"json_patch(json_object('name', w.name, 'parent_id', {HYPHENS}, 'why', why.reason), %s), %s"
)
POSTGRESQL = (
    "%s::text, o.slug, w.id, %s::uuid, %s::text, "
    "jsonb_build_object('name', w.name, 'parent_id', w.parent_id, 'why', why.reason) || %s::jsonb, %s::timestamptz"
)
CONTAINERLESS = "WHERE NOT EXISTS (SELECT 1 FROM workspaces_container c WHERE c.workspace_id = w.id)"


def workspace_event(
    what: str,
    *,
    workspace_id: UUID,
    name: str,
    parent_id: UUID | None,
    organization: str,
    actor: Actor,
    why: str,
    import_id: UUID | None = None,
    **facts: Any,
) -> Event:
    """`what` is the part behind `workspace.`; `facts` are further keys of the payload."""
    return Event(
        event_type=f"workspace.{what}",
        organization=organization,
        actor=actor.name,
        workspace_id=workspace_id,
        import_id=import_id,
        payload={"name": name, "parent_id": str(parent_id) if parent_id else None, "why": why, **facts},
    )


def tell_each(
    what: str,
    why: Reasons,
    *,
    actor: Actor,
    now: datetime,
    import_id: UUID | None = None,
    containerless: bool = False,
    **facts: Any,
) -> None:
    """The same event of many workspaces, in their order, by one statement.

    With `containerless` only of those that have no container row.
    """
    if not why:
        return
    connection = connections[router.db_for_write(StructureEvent)]
    columns = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    source, given = why.source(connection.vendor)
    run = StructureEvent._meta.get_field("import_id").get_db_prep_save(import_id, connection)
    moment = connection.ops.adapt_datetimefield_value(now)
    emit_from(
        f"SELECT {columns} {source} JOIN workspaces_organization o ON o.id = w.organization_id "
        f"{CONTAINERLESS if containerless else ''} ORDER BY why.place",
        [f"workspace.{what}", run, actor.name, json.dumps(facts), moment, *given],
    )
