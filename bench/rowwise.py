"""The original program's way: a few statements for each workspace, each in a transaction of its own.

One statement inserts a workspace, one its event, one its schedule; for an existing workspace its id is read instead of
writing an event. Each workspace with a declared name that is not in the result is then removed by a cascade of its own,
deepest first: one recursive query and four statements. It writes neither history nor containers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection
from psycopg.types.json import Jsonb

from audit.event_types import WORKSPACE_PROVISIONING, WORKSPACE_REMOVED
from bench.scratch import Place
from workspaces.core.template import Node, Template

WORKSPACE = """
    INSERT INTO workspaces_workspace (id, organization_id, parent_id, name, role, tier, runtime, model, status,
        protected, external, url, spec, created_at, updated_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'provisioning', false, false, '', %s, %s, %s)
    ON CONFLICT DO NOTHING RETURNING id
"""
EXISTING = """
    SELECT id FROM workspaces_workspace
    WHERE organization_id = %s AND coalesce(parent_id, '00000000-0000-0000-0000-000000000000') = %s AND name = %s
        AND NOT status = 'removed'
"""
EVENT = """
    INSERT INTO structure_events (event_type, organization, workspace_id, import_id, actor, payload, created_at)
    VALUES (%s, %s, %s, %s, 'operator', %s, %s)
"""
SCHEDULE = """
    INSERT INTO workspaces_schedule (workspace_id, name, cron_expr, timezone, prompt, enabled, source, created_at,
        updated_at)
    VALUES (%s, %s, %s, %s, %s, %s, 'template', %s, %s)
    ON CONFLICT (workspace_id, name) DO UPDATE SET cron_expr = excluded.cron_expr, timezone = excluded.timezone,
        prompt = excluded.prompt, enabled = excluded.enabled, updated_at = excluded.updated_at
"""
LEFTOVERS = """
    SELECT id FROM workspaces_workspace
    WHERE organization_id = %s AND name = ANY(%s) AND NOT id = ANY(%s) AND status <> 'removed' ORDER BY created_at DESC
"""
SUBTREE = """
    WITH RECURSIVE subtree(id) AS (
        SELECT id FROM workspaces_workspace WHERE id = %s AND status <> 'removed'
        UNION
        SELECT child.id FROM workspaces_workspace child JOIN subtree ON child.parent_id = subtree.id
        WHERE child.status <> 'removed'
    )
    SELECT id FROM subtree
"""
REMOVED = "UPDATE workspaces_workspace SET status = 'removed', removed_at = %s, updated_at = %s WHERE id = ANY(%s)"
REVOKED = "UPDATE workspaces_workspacetoken SET revoked_at = %s WHERE workspace_id = ANY(%s) AND revoked_at IS NULL"
DISABLED = "UPDATE workspaces_schedule SET enabled = false, updated_at = %s WHERE workspace_id = ANY(%s) AND enabled"


def import_template(connection: Connection, place: Place, template: Template) -> list[UUID]:
    """Import the template, and return the ids of its workspaces, parents first."""
    run, found = uuid4(), []
    stack: list[tuple[Node, UUID | None]] = [(node, None) for node in reversed(template.workspaces)]
    while stack:
        node, parent = stack.pop()
        found.append(_one(connection, place, node, parent=parent, run=run))
        stack.extend((child, found[-1]) for child in reversed(node.children))
    return found


def reconcile(connection: Connection, place: Place, template: Template) -> None:
    result = import_template(connection, place, template)
    names = [node.name for node in template.walk()]
    leftovers = connection.execute(LEFTOVERS, (place.organization, names, result)).fetchall()
    delete(connection, place, [key for (key,) in leftovers])


def delete(connection: Connection, place: Place, leftovers: Sequence[UUID]) -> None:
    """Remove `leftovers`, which are sorted deepest first, each with what is left below it."""
    for leftover in leftovers:
        with connection.transaction():
            ids = [key for (key,) in connection.execute(SUBTREE, (leftover,))]
            now = datetime.now(UTC)
            connection.execute(REMOVED, (now, now, ids))
            connection.execute(REVOKED, (now, ids))
            connection.execute(DISABLED, (now, ids))
            connection.execute(EVENT, (WORKSPACE_REMOVED.name, place.slug, leftover, None, Jsonb({}), now))


def _alone(connection: Connection, statement: str, values: Sequence[Any]) -> Any:
    """Execute the statement in a transaction of its own; its first row, if it returns any."""
    with connection.transaction():
        cursor = connection.execute(statement, values)
        return cursor.fetchone() if cursor.description else None


def _one(connection: Connection, place: Place, node: Node, *, parent: UUID | None, run: UUID) -> UUID:
    now = datetime.now(UTC)
    row = (uuid4(), place.organization, parent, node.name, node.role, node.tier, node.runtime, node.model)
    new = _alone(connection, WORKSPACE, (*row, Jsonb(node.spec), now, now))
    if new:
        payload = Jsonb({"name": node.name, "parent_id": str(parent) if parent else None})
        _alone(connection, EVENT, (WORKSPACE_PROVISIONING.name, place.slug, new[0], run, payload, now))
    else:
        new = _alone(connection, EXISTING, (place.organization, parent or UUID(int=0), node.name))
        assert new
    for each in node.schedules:
        values = (new[0], each.name, each.cron_expr, each.timezone, each.prompt, each.enabled, now, now)
        _alone(connection, SCHEDULE, values)
    return UUID(str(new[0]))
