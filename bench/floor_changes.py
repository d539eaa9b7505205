"""The floor of moves and updates: the least that PostgreSQL needs for the same rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from psycopg import Connection

from bench.floor import KEPT, LIVE, array, facts_of, record, spelled
from bench.floor_paths import path_below, path_texts
from bench.scratch import Place
from lib.bulk import as_array
from workspaces.core.names import SEPARATOR
from workspaces.core.template import Node, Template
from workspaces.services.plans.stored_plans import packed

MOVED = """
    WITH there AS (
        SELECT * FROM unnest(%(ids)s::uuid[], %(parents)s::uuid[], %(reasons)s::text[], %(paths)s::text[],
            %(from)s::text[], %(above)s::uuid[]) WITH ORDINALITY AS t(id, parent, why, path, was, above, seq)
    ), moved AS (
        UPDATE workspaces_workspace w SET parent_id = parent, updated_at = %(now)s FROM there WHERE w.id = there.id
        RETURNING w.*
    ), history AS (
        INSERT INTO workspaces_historicalworkspace (COLUMNS, history_date, history_type, history_actor,
            history_import_id, history_change_reason)
        SELECT COLUMNS, %(now)s, '~', 'operator', %(run)s, why FROM moved JOIN there USING (id)
    ), operations AS (
        INSERT INTO workspaces_runoperation (run_id, seq, kind, workspace_id, name, path, cause, reason, before, after)
        SELECT %(run)s, seq, 'move', id, name, path::jsonb, why, '',
            jsonb_build_object('parent_id', above, 'name', name), jsonb_build_object('parent_id', parent, 'name', name)
        FROM moved JOIN there USING (id)
    )
    INSERT INTO structure_events (event_type, organization, workspace_id, import_id, actor, payload, created_at)
    SELECT 'workspace.moved', %(slug)s, id, %(run)s, 'operator',
        jsonb_build_object('name', name, 'path', path::jsonb, 'parent_id', parent_id, 'why', why, 'from', was::jsonb,
            'to', path::jsonb, 'from_parent_id', above, 'to_parent_id', parent, 'changes', '[]'::jsonb,
            'restarts', false), %(now)s
    FROM moved JOIN there USING (id)
"""
FIELDS = """
    SELECT w.id, w.spec, s.id, s.cron_expr, s.timezone, s.prompt, s.enabled
    FROM workspaces_workspace w JOIN workspaces_schedule s ON s.workspace_id = w.id WHERE w.id = ANY(%s::uuid[])
"""
SCHEDULES = """
    UPDATE workspaces_schedule s SET prompt = v.prompt, updated_at = %(now)s
    FROM unnest(%(keys)s::bigint[], %(prompts)s::text[]) AS v(id, prompt) WHERE s.id = v.id
"""
UPDATED = """
    WITH said AS (
        SELECT * FROM unnest(%(ids)s::uuid[], %(specs)s::text[], %(declared)s::text[], %(digests)s::text[],
            %(paths)s::text[], %(before)s::text[], %(after)s::text[], %(changes)s::text[])
            WITH ORDINALITY AS t(id, said, declaration, digest, path, was, is_now, changes, seq)
    ), memories AS (
        INSERT INTO workspaces_runmemory (run_id, workspace_id, declared, declared_digest, differs, template, files_id,
            digest_since, differs_since, template_since)
        SELECT %(run)s, id, declared, declared_digest, differs, template, files_id, digest, '', template
        FROM said JOIN workspaces_workspace w USING (id)
    ), updated AS (
        UPDATE workspaces_workspace w SET spec = said::jsonb, declared = declaration::jsonb, declared_digest = digest,
            updated_at = %(now)s FROM said WHERE w.id = said.id RETURNING w.*
    ), containers AS (
        UPDATE workspaces_container SET configuration = configuration + 1, due_at = %(now)s, import_id = %(run)s
        WHERE workspace_id = ANY(%(ids)s::uuid[]) AND desired = 'running'
    ), history AS (
        INSERT INTO workspaces_historicalworkspace (COLUMNS, history_date, history_type, history_actor,
            history_import_id, history_change_reason)
        SELECT COLUMNS, %(now)s, '~', 'operator', %(run)s, %(why)s FROM updated
    ), operations AS (
        INSERT INTO workspaces_runoperation (run_id, seq, kind, workspace_id, name, path, cause, reason, before, after)
        SELECT %(run)s, seq, 'update', id, name, path::jsonb, %(why)s, '',
            jsonb_build_object('parent_id', parent_id, 'name', name, 'fields', was::jsonb),
            jsonb_build_object('parent_id', parent_id, 'name', name, 'fields', is_now::jsonb)
        FROM updated JOIN said USING (id)
    )
    INSERT INTO structure_events (event_type, organization, workspace_id, import_id, actor, payload, created_at)
    SELECT 'workspace.updated', %(slug)s, id, %(run)s, 'operator',
        jsonb_build_object('name', name, 'path', path::jsonb, 'parent_id', parent_id, 'why', %(why)s::text,
            'changes', changes::jsonb, 'restarts', false, 'drift_left', '[]'::jsonb), %(now)s
    FROM updated JOIN said USING (id)
"""
TIMED = ("cron_expr", "timezone", "prompt", "enabled")
PROMPT, PULSE = "spec.initial_prompt", "schedules.Pulse"


def move(connection: Connection, place: Place, template: Template) -> None:
    """Move each live workspace to the place where the template has its name, unless it stands there."""
    with connection.transaction():
        live = connection.execute(LIVE, (place.organization,)).fetchall()
        ids = {name: key for key, _, name, *_ in live}
        was = path_texts(ids.values(), {key: (parent, name) for key, parent, name, *_ in live})
        above = {key: parent for key, parent, *_ in live}
        placed = [each for each in _placed(template, ids) if each[1] != above[ids[each[0].name]]]
        keys = [ids[node.name] for node, *_ in placed]
        facts = facts_of(place) | {
            "ids": array(keys),
            "parents": as_array(parent for _, parent, _ in placed),
            "reasons": as_array(f"from {SEPARATOR.join(json.loads(was[key]))}" for key in keys),
            "paths": as_array(path for *_, path in placed),
            "from": as_array(was[key] for key in keys),
            "above": as_array(above[key] for key in keys),
        }
        connection.execute(spelled(MOVED), facts)
        record(connection, facts)
        connection.execute(KEPT, {**facts, "document": packed(template)})


def update(connection: Connection, place: Place, template: Template) -> None:
    """Give every live workspace the prompts of its node, which differ from its own."""
    with connection.transaction():
        live = connection.execute(LIVE, (place.organization,)).fetchall()
        ids = {name: key for key, _, name, *_ in live}
        changed = [each for each in _placed(template, ids) if each[0].digest]
        have = {row[0]: row[1:] for row in connection.execute(FIELDS, (array(ids.values()),))}
        rows = [_update(node, *have[ids[node.name]]) for node, *_ in changed]
        facts = facts_of(place) | {
            "why": f"the template changed {PROMPT} and {PULSE}",
            "ids": array(ids[node.name] for node, *_ in changed),
            "paths": as_array(path for *_, path in changed),
            "specs": as_array(json.dumps(node.spec) for node, *_ in changed),
            "declared": as_array(json.dumps(node.declared()) for node, *_ in changed),
            "digests": as_array(node.digest for node, *_ in changed),
            "before": as_array(json.dumps(before) for before, *_ in rows),
            "after": as_array(json.dumps(after) for _, after, _ in rows),
            "changes": as_array(
                json.dumps([{"field": key, "from": before[key], "to": after[key]} for key in before])
                for before, after, _ in rows
            ),
            "keys": as_array(key for *_, key in rows),
            "prompts": as_array(after[PULSE]["prompt"] for _, after, _ in rows),
        }
        connection.execute(SCHEDULES, facts)
        connection.execute(spelled(UPDATED), facts)
        record(connection, facts)
        connection.execute(KEPT, {**facts, "document": packed(template)})


def _update(node: Node, spec: Any, key: int, *timed: Any) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Its fields before and afterwards, and the key of its schedule."""
    before = {PROMPT: spec["initial_prompt"], PULSE: dict(zip(TIMED, timed, strict=True))}
    return before, {PROMPT: node.spec["initial_prompt"], PULSE: node.declared()["schedules"]["Pulse"]}, key


def _placed(template: Template, ids: dict[str, UUID]) -> Iterator[tuple[Node, UUID | None, str]]:
    """Each node with its parent's id and its path, parents first."""
    stack: list[tuple[Node, UUID | None, str]] = [(node, None, "") for node in reversed(template.workspaces)]
    while stack:
        node, parent, above = stack.pop()
        path = path_below(above, node.name)
        yield node, parent, path
        stack.extend((child, ids[node.name], path) for child in reversed(node.children))
