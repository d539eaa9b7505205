"""The floor: the least that PostgreSQL needs for the same rows. A few statements in one transaction, without Django.

It writes the same rows as the product, column by column: workspaces, schedules, containers, history, events, the run.
It checks nothing, plans nothing and builds no answer. Of several ways to send rows it uses the fastest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from psycopg import Connection
from uuid_utils.compat import uuid7

from bench.floor_paths import path_below, path_texts
from bench.scratch import Place
from lib.bulk import as_array
from workspaces.core.planning.plan_values import SEPARATOR
from workspaces.core.template import Node, Template
from workspaces.services.plans.stored_plans import packed

COPIED = """id, organization_id, parent_id, name, role, tier, runtime, model, status, protected, external, url, spec,
    created_at, updated_at, removed_at, files_id"""
RUN = """
    INSERT INTO workspaces_importrun (id, number, organization_id, mode, template_name, template_sha256,
        source, reason, actor, state, owner, fingerprint, created_count, skipped_count, removed_count,
        left_running_count, live_before, live_after, reconcile_errors, warnings, error, dismissed_by, started_at,
        finished_at)
    VALUES (%(run)s, nextval('workspaces_run_number'), %(organization)s, %(mode)s, 'Measured', '', '', '',
        'operator', 'completed', '', '', 0, 0, 0, 0, 0, 0, '[]', '[]', '', '', %(now)s, %(now)s)
"""
IMPORT_EVENTS = """
    INSERT INTO structure_events (event_type, organization, import_id, actor, payload, created_at)
    SELECT 'org.import.' || what, %(slug)s, %(run)s, 'operator', '{}', %(now)s
    FROM unnest(ARRAY['started', 'completed']) AS what
"""
KEPT = "INSERT INTO workspaces_runtemplate (run_id, document) VALUES (%(run)s, %(document)s)"
WORKSPACES = """
    COPY workspaces_workspace (id, parent_id, name, role, tier, runtime, model, spec, declared, declared_digest,
        organization_id, status, protected, external, url, template, created_at, updated_at) FROM STDIN
"""
SCHEDULES = """
    COPY workspaces_schedule (workspace_id, name, cron_expr, prompt, timezone, enabled, source, created_at, updated_at)
    FROM STDIN
"""
CONTAINERS = """
    INSERT INTO workspaces_container (workspace_id, organization_id, desired, observed, keep_volumes, import_id,
        generation, due_at, attempts, last_error, leased_by, changed_at)
    SELECT id, %(organization)s, 'running', 'absent', false, %(run)s, 1, %(now)s, 0, '', '', %(now)s
    FROM unnest(%(ids)s::uuid[]) AS id
"""
BEGUN = """
    WITH new AS (
        SELECT * FROM workspaces_workspace WHERE id = ANY(%(ids)s::uuid[])
    ), history AS (
        INSERT INTO workspaces_historicalworkspace (COLUMNS, history_date, history_type, history_actor,
            history_import_id, history_change_reason)
        SELECT COLUMNS, %(now)s, '+', 'operator', %(run)s, 'import' FROM new
    ), operations AS (
        INSERT INTO workspaces_runoperation (run_id, seq, kind, workspace_id, name, path, cause, reason, after)
        SELECT %(run)s, seq, 'create', id, name, path::jsonb, 'not live yet', '',
            jsonb_build_object('parent_id', parent_id, 'name', name)
        FROM new JOIN unnest(%(ids)s::uuid[], %(paths)s::text[]) WITH ORDINALITY AS at(id, path, seq) USING (id)
    )
    INSERT INTO structure_events (event_type, organization, workspace_id, import_id, actor, payload, created_at)
    SELECT 'workspace.provisioning', %(slug)s, id, %(run)s, 'operator',
        jsonb_build_object('name', name, 'path', path::jsonb, 'parent_id', parent_id, 'why', 'import'), %(now)s
    FROM new JOIN unnest(%(ids)s::uuid[], %(paths)s::text[]) AS at(id, path) USING (id)
"""
# The columns that an import has to read: to match, to protect, to know what the template said last, to answer.
LIVE = """
    SELECT id, parent_id, name, protected, template, declared_digest, differs, status, tier, created_at
    FROM workspaces_workspace
    WHERE organization_id = %s AND status <> 'removed'
"""
SUBTREE = """
    WITH RECURSIVE subtree(id, path) AS (
        SELECT id, jsonb_build_array(name) FROM workspaces_workspace WHERE id = ANY(%s::uuid[])
        UNION ALL
        SELECT child.id, path || to_jsonb(child.name::text)
        FROM workspaces_workspace child JOIN subtree ON child.parent_id = subtree.id WHERE child.status <> 'removed'
    )
    SELECT id, path::text FROM subtree
"""
REMOVED = """
    WITH gone AS (
        UPDATE workspaces_workspace
        SET status = 'removed', removed_at = %(now)s, removed_by = %(run)s, updated_at = %(now)s
        WHERE id = ANY(%(ids)s::uuid[]) RETURNING *
    ), tokens AS (
        UPDATE workspaces_workspacetoken SET revoked_at = %(now)s, removed_by = %(run)s
        WHERE workspace_id = ANY(%(ids)s::uuid[]) AND revoked_at IS NULL
    ), schedules AS (
        UPDATE workspaces_schedule SET enabled = false, updated_at = %(now)s, removed_by = %(run)s
        WHERE workspace_id = ANY(%(ids)s::uuid[]) AND enabled
    ), containers AS (
        UPDATE workspaces_container SET desired = 'absent', purge_at = %(until)s, import_id = %(run)s, due_at = %(now)s,
            attempts = 0, last_error = '', asked_at = NULL, changed_at = %(now)s
        WHERE workspace_id = ANY(%(ids)s::uuid[])
    ), history AS (
        INSERT INTO workspaces_historicalworkspace (COLUMNS, history_date, history_type, history_actor,
            history_import_id, history_change_reason)
        SELECT COLUMNS, %(now)s, '~', 'operator', %(run)s, WHY
        FROM gone JOIN unnest(%(ids)s::uuid[], %(reasons)s::text[]) AS why(id, reason) USING (id)
    ), operations AS (
        INSERT INTO workspaces_runoperation (run_id, seq, kind, workspace_id, name, path, cause, reason, before)
        SELECT %(run)s, %(created)s + seq, 'remove', id, name, path::jsonb, WHY, RULE,
            jsonb_build_object('parent_id', parent_id, 'name', name)
        FROM gone JOIN unnest(%(ids)s::uuid[], %(reasons)s::text[], %(paths)s::text[]) WITH ORDINALITY
            AS why(id, reason, path, seq) USING (id)
    )
    INSERT INTO structure_events (event_type, organization, workspace_id, import_id, actor, payload, created_at)
    SELECT 'workspace.removed', %(slug)s, id, %(run)s, 'operator',
        jsonb_build_object('name', name, 'path', path::jsonb, 'parent_id', parent_id, 'why', WHY,
            'keep_volumes', false, 'mode', %(mode)s::text), %(now)s
    FROM gone JOIN unnest(%(ids)s::uuid[], %(reasons)s::text[], %(paths)s::text[]) AS why(id, reason, path) USING (id)
"""
# The reasons of removals: each leftover of an import names what took its name; the others are deleted.
REPLACED = REMOVED.replace("WHY", "reason").replace("RULE", "'zombie'")
DELETED = (
    REMOVED.replace("WHY", "CASE WHEN id = ANY(%(roots)s::uuid[]) THEN 'deleted' ELSE 'below a removed workspace' END")
    .replace("RULE", "CASE WHEN id = ANY(%(roots)s::uuid[]) THEN 'chosen' ELSE 'below' END")
    .replace("JOIN unnest(%(ids)s::uuid[], %(reasons)s::text[]) AS why(id, reason) USING (id)", "")
    .replace("%(reasons)s::text[], ", "")
    .replace("why(id, reason, path", "why(id, path")
)


def import_template(connection: Connection, place: Place, template: Template) -> None:
    """Import the template into an organization without workspaces."""
    with connection.transaction():
        _create(connection, facts_of(place), template)


def import_again(connection: Connection, place: Place, template: Template) -> None:
    """Import a template that is live already: find that nothing changes, and record the run."""
    with connection.transaction():
        assert len(_matched(connection, place, template)) == template.count()
        facts = facts_of(place)
        record(connection, facts)
        connection.execute(KEPT, {**facts, "document": packed(template)})


def reconcile(connection: Connection, place: Place, template: Template) -> None:
    """Reconcile with a template of the same names at other places: create those, remove the old ones."""
    with connection.transaction():
        facts = facts_of(place)
        live = connection.execute(LIVE, (place.organization,)).fetchall()
        twins = dict(_reasons(template))
        _create(connection, facts, template)
        gone = [(key, twins[name]) for key, _, name, *_ in live if name in twins]
        facts["ids"], facts["reasons"] = array(key for key, _ in gone), f"{{{','.join(why for _, why in gone)}}}"
        paths = path_texts([key for key, _ in gone], {key: (parent, name) for key, parent, name, *_ in live})
        facts["paths"], facts["created"] = as_array(paths[key] for key, _ in gone), template.count()
        connection.execute(spelled(REPLACED), facts)


def delete(connection: Connection, place: Place, roots: Sequence[UUID]) -> None:
    with connection.transaction():
        gone = connection.execute(SUBTREE, (list(roots),)).fetchall()
        ids, paths = array(key for key, _ in gone), as_array(path for _, path in gone)
        facts = {**facts_of(place), "mode": "remove", "created": 0, "ids": ids, "paths": paths, "roots": array(roots)}
        connection.execute(RUN, facts)
        connection.execute(spelled(DELETED), facts)


def facts_of(place: Place) -> dict[str, Any]:
    now = datetime.now(UTC)
    run = {"run": uuid7(), "mode": "reconcile", "until": now + timedelta(seconds=settings.ORGSITE_DATA_GRACE)}
    return {**run, "organization": place.organization, "slug": place.slug, "now": now}


def record(connection: Connection, facts: dict[str, Any]) -> None:
    connection.execute(RUN, facts)
    connection.execute(IMPORT_EVENTS, facts)


def _create(connection: Connection, facts: dict[str, Any], template: Template) -> None:
    """Create all workspaces of the template. Values that all rows share are turned into text once."""
    placed, now = list(_placed(template)), str(facts["now"])
    alike = (str(facts["organization"]), "provisioning", "f", "f", "", template.name, now, now)
    with connection.cursor() as cursor:
        with cursor.copy(WORKSPACES) as copy:
            for node, key, parent, _ in placed:
                cells = (key, parent, node.name, node.role, node.tier, node.runtime, node.model)
                copy.write_row((*cells, json.dumps(node.spec), json.dumps(node.declared()), node.digest, *alike))
        with cursor.copy(SCHEDULES) as copy:
            for node, key, *_ in placed:
                for each in node.schedules:
                    own = (key, each.name, each.cron_expr, each.prompt, each.timezone)
                    copy.write_row((*own, "t", "template", now, now))
    ids, paths = array(key for _, key, *_ in placed), as_array(path for *_, path in placed)
    connection.execute(CONTAINERS, {**facts, "ids": ids})
    connection.execute(spelled(BEGUN), {**facts, "ids": ids, "paths": paths})
    record(connection, facts)
    connection.execute(KEPT, {**facts, "document": packed(template)})


def array(ids: Iterable[UUID]) -> str:
    return f"{{{','.join(key.hex for key in ids)}}}"


def spelled(statement: str) -> str:
    return statement.replace("COLUMNS", COPIED)


def _placed(template: Template) -> Iterator[tuple[Node, UUID, UUID | None, str]]:
    """Each node with a new id, its parent's id and its path, parents first."""
    stack: list[tuple[Node, UUID | None, str]] = [(node, None, "") for node in reversed(template.workspaces)]
    while stack:
        node, parent, above = stack.pop()
        key, path = uuid7(), path_below(above, node.name)
        yield node, key, parent, path
        stack.extend((child, key, path) for child in reversed(node.children))


def _reasons(template: Template) -> Iterator[tuple[str, str]]:
    """Name → the reason for removing the workspace that had it before, as an element of a PostgreSQL array."""
    stack = [(node, node.name) for node in template.workspaces]
    while stack:
        node, trail = stack.pop()
        yield node.name, f'"same name as {trail}"'
        stack.extend((child, f"{trail}{SEPARATOR}{child.name}") for child in node.children)


def _matched(connection: Connection, place: Place, template: Template) -> list[UUID]:
    live = {(parent, name): key for key, parent, name, *_ in connection.execute(LIVE, (place.organization,))}
    found = []
    stack: list[tuple[Node, UUID | None]] = [(node, None) for node in template.workspaces]
    while stack:
        node, parent = stack.pop()
        key = live.get((parent, node.name))
        if key:
            found.append(key)
            stack.extend((child, key) for child in node.children)
    return found
