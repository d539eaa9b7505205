"""The least that PostgreSQL needs for the same rows: a handful of statements in one transaction, no Django, no rules.

It writes what the product writes, column by column: workspaces, schedules, containers, history, events, the run. It
checks nothing, plans nothing and answers nothing. Where a way to send rows was faster than another, it takes that one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection

from bench.place import Place
from workspaces.core.template import Node, Template

COPIED = """id, organization_id, parent_id, name, role, tier, runtime, model, status, protected, external, url, spec,
    created_at, updated_at, removed_at, files_id"""
PAYLOAD = "jsonb_build_object('name', name, 'parent_id', parent_id, 'why', %(why)s::text)"
RUN = """
    INSERT INTO workspaces_importrun (id, organization_id, mode, template_name, template_sha256, template_header, source,
        reason, actor, state, owner, fingerprint, created_count, skipped_count, removed_count, left_running_count,
        live_before, live_after, reconcile_errors, warnings, error, started_at, finished_at)
    VALUES (%(run)s, %(organization)s, 'reconcile', 'Measured', '', '{}', '', '', 'operator', 'completed', '', '', 0, 0, 0,
        0, 0, 0, '[]', '[]', '', %(now)s, %(now)s)
"""
TOLD = """
    INSERT INTO structure_events (event_type, organization, import_id, actor, payload, created_at)
    SELECT 'org.import.' || what, %(slug)s, %(run)s, 'operator', '{}', %(now)s
    FROM unnest(ARRAY['started', 'completed']) AS what
"""
WORKSPACES = """
    WITH new AS (
        INSERT INTO workspaces_workspace (id, parent_id, name, role, tier, runtime, model, spec, organization_id, status,
            protected, external, url, created_at, updated_at)
        SELECT *, %(organization)s, 'provisioning', false, false, '', %(now)s, %(now)s
        FROM unnest(%(ids)s::uuid[], %(parents)s::uuid[], %(names)s::text[], %(roles)s::text[], %(tiers)s::int[],
            %(runtimes)s::text[], %(models)s::text[], %(specs)s::text[]::jsonb[])
        RETURNING *
    ), containers AS (
        INSERT INTO workspaces_container (workspace_id, desired, observed, keep_volumes, import_id, generation, due_at,
            attempts, last_error, leased_by, changed_at)
        SELECT id, 'running', 'absent', false, %(run)s, 1, %(now)s, 0, '', '', %(now)s FROM new
    ), history AS (
        INSERT INTO workspaces_historicalworkspace (COLUMNS, history_date, history_type, history_actor,
            history_import_id, history_change_reason)
        SELECT COLUMNS, %(now)s, '+', 'operator', %(run)s, %(why)s FROM new
    )
    INSERT INTO structure_events (event_type, organization, workspace_id, import_id, actor, payload, created_at)
    SELECT 'workspace.provisioning', %(slug)s, id, %(run)s, 'operator', PAYLOAD, %(now)s FROM new
"""
SCHEDULES = """
    INSERT INTO workspaces_schedule (workspace_id, name, cron_expr, prompt, timezone, enabled, source, created_at,
        updated_at)
    SELECT *, 'UTC', true, 'template', %(now)s, %(now)s
    FROM unnest(%(owners)s::uuid[], %(titles)s::text[], %(crons)s::text[], %(prompts)s::text[])
"""
LIVE = "SELECT id, parent_id, name FROM workspaces_workspace WHERE organization_id = %s AND status <> 'removed'"
SUBTREE = """
    WITH RECURSIVE subtree(id) AS (
        SELECT unnest(%s::uuid[])
        UNION
        SELECT child.id FROM workspaces_workspace child JOIN subtree ON child.parent_id = subtree.id
        WHERE child.status <> 'removed'
    )
    SELECT id FROM subtree
"""
REMOVED = """
    WITH gone AS (
        UPDATE workspaces_workspace SET status = 'removed', removed_at = %(now)s, updated_at = %(now)s
        WHERE id = ANY(%(ids)s) RETURNING *
    ), tokens AS (
        UPDATE workspaces_workspacetoken SET revoked_at = %(now)s
        WHERE workspace_id = ANY(%(ids)s) AND revoked_at IS NULL
    ), schedules AS (
        UPDATE workspaces_schedule SET enabled = false, updated_at = %(now)s
        WHERE workspace_id = ANY(%(ids)s) AND enabled
    ), containers AS (
        UPDATE workspaces_container SET desired = 'absent', import_id = %(run)s, due_at = %(now)s, attempts = 0,
            last_error = '', asked_at = NULL, changed_at = %(now)s
        WHERE workspace_id = ANY(%(ids)s)
    ), history AS (
        INSERT INTO workspaces_historicalworkspace (COLUMNS, history_date, history_type, history_actor,
            history_import_id, history_change_reason)
        SELECT COLUMNS, %(now)s, '~', 'operator', %(run)s, %(why)s FROM gone
    )
    INSERT INTO structure_events (event_type, organization, workspace_id, import_id, actor, payload, created_at)
    SELECT 'workspace.removed', %(slug)s, id, %(run)s, 'operator', PAYLOAD, %(now)s FROM gone
"""


def import_template(connection: Connection, place: Place, template: Template) -> None:
    """Into an organization without workspaces."""
    with connection.transaction():
        _create(connection, _facts(place), template)


def import_again(connection: Connection, place: Place, template: Template) -> None:
    """The template that is live already: find that nothing is to be done, and record that."""
    with connection.transaction():
        assert len(_matched(connection, place, template)) == template.count()
        _record(connection, _facts(place))


def reconcile(connection: Connection, place: Place, template: Template) -> None:
    """A template of the same names, all of them elsewhere: create them, remove what was there."""
    with connection.transaction():
        facts = _facts(place)
        live = connection.execute(LIVE, (place.organization,)).fetchall()
        names = {node.name for node in template.walk()}
        _create(connection, facts, template)
        _remove(connection, facts, [key for key, _, name in live if name in names])


def delete(connection: Connection, place: Place, roots: Sequence[UUID]) -> None:
    with connection.transaction():
        ids = [key for (key,) in connection.execute(SUBTREE, (list(roots),))]
        _remove(connection, {**_facts(place), "run": None}, ids)


def _facts(place: Place) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {"run": uuid4(), "organization": place.organization, "slug": place.slug, "now": now, "why": "import"}


def _record(connection: Connection, facts: dict[str, Any]) -> None:
    connection.execute(RUN, facts)
    connection.execute(TOLD, facts)


def _create(connection: Connection, facts: dict[str, Any], template: Template) -> None:
    nodes, ids, parents = [], [], []
    for node, key, parent in _placed(template):
        nodes.append(node)
        ids.append(key)
        parents.append(parent)
    columns = {
        "names": [node.name for node in nodes],
        "roles": [node.role for node in nodes],
        "tiers": [node.tier for node in nodes],
        "runtimes": [node.runtime for node in nodes],
        "models": [node.model for node in nodes],
        "specs": [json.dumps(node.spec) for node in nodes],
    }
    connection.execute(_spelled(WORKSPACES), {**facts, **columns, "ids": ids, "parents": parents})
    schedules = [(key, each) for node, key in zip(nodes, ids, strict=True) for each in node.schedules]
    told = {
        "owners": [key for key, _ in schedules],
        "titles": [each.name for _, each in schedules],
        "crons": [each.cron_expr for _, each in schedules],
        "prompts": [each.prompt for _, each in schedules],
    }
    connection.execute(SCHEDULES, {**facts, **told})
    _record(connection, facts)


def _remove(connection: Connection, facts: dict[str, Any], ids: Sequence[UUID]) -> None:
    connection.execute(_spelled(REMOVED), {**facts, "ids": ids})


def _spelled(statement: str) -> str:
    return statement.replace("COLUMNS", COPIED).replace("PAYLOAD", PAYLOAD)


def _placed(template: Template) -> Iterator[tuple[Node, UUID, UUID | None]]:
    """Each node with a new id and that of its parent, parents first."""
    stack: list[tuple[Node, UUID | None]] = [(node, None) for node in reversed(template.workspaces)]
    while stack:
        node, parent = stack.pop()
        key = uuid4()
        yield node, key, parent
        stack.extend((child, key) for child in reversed(node.children))


def _matched(connection: Connection, place: Place, template: Template) -> list[UUID]:
    live = {(parent, name): key for key, parent, name in connection.execute(LIVE, (place.organization,))}
    found = []
    stack: list[tuple[Node, UUID | None]] = [(node, None) for node in template.workspaces]
    while stack:
        node, parent = stack.pop()
        key = live.get((parent, node.name))
        if key:
            found.append(key)
            stack.extend((child, key) for child in node.children)
    return found
