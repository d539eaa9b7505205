"""The events of workspaces, all of one shape: name, parent and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.emitting import Event, emit_from
from audit.models import StructureEvent
from orgsite.bulk import pairs
from workspaces.services.actors import Actor

# A UUID in SQLite is its 32 digits; in an event it has hyphens, as everywhere outside a database.
HYPHENS = " || '-' || ".join(f"substr(w.parent_id, {start}, {length})" for start, length in (
    (1, 8), (9, 4), (13, 4), (17, 4), (21, 12),
))  # fmt: skip
PAYLOADS = {
    "postgresql": "jsonb_build_object('name', w.name, 'parent_id', w.parent_id, 'why', why.reason) || %s::jsonb",
    "sqlite": f"json_patch(json_object('name', w.name, 'parent_id', {HYPHENS}, 'why', why.reason), %s)",
}
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
    why: Mapping[UUID, str],
    *,
    actor: Actor,
    now: datetime,
    import_id: UUID | None = None,
    containerless: bool = False,
    **facts: Any,
) -> None:
    """The same event of many workspaces (id → reason), in that order, by one statement.

    With `containerless` only of those that have no container row.
    """
    connection = connections[router.db_for_write(StructureEvent)]
    source, given = pairs(why, connection.vendor)
    event_type, run, name, moment = _placeholders(connection.vendor)
    emit_from(
        f"SELECT {event_type}, o.slug, w.id, {run}, {name}, {PAYLOADS[connection.vendor]}, {moment} FROM {source} "
        "JOIN workspaces_workspace w ON w.id = why.id JOIN workspaces_organization o ON o.id = w.organization_id "
        f"{CONTAINERLESS if containerless else ''} ORDER BY why.place",
        [
            f"workspace.{what}",
            _run(import_id, connection),
            actor.name,
            json.dumps(facts),
            _moment(now, connection),
            *given,
        ],
    )


def _placeholders(vendor: str) -> tuple[str, ...]:
    return ("%s::text", "%s::uuid", "%s::text", "%s::timestamptz") if vendor == "postgresql" else ("%s",) * 4


def _run(import_id: UUID | None, connection: BaseDatabaseWrapper) -> Any:
    return StructureEvent._meta.get_field("import_id").get_db_prep_save(import_id, connection)


def _moment(now: datetime, connection: BaseDatabaseWrapper) -> Any:
    return connection.ops.adapt_datetimefield_value(now)
