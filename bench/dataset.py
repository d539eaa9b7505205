"""A data set on PostgreSQL: an organization of any size with everything that pages show, made by a few statements.

The trees branch by five below a handful of roots; every tenth name is used twice, every tenth container fails, and half
as many workspaces again were removed: their data waits, that of every sixteenth is kept. One run made all workspaces,
another removed the removed ones: the worst case for a run's page. The events are a second apart. VACUUM (ANALYZE) at
the end stands in for autovacuum.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import connection

from workspaces.models import Organization

TABLES = (
    "workspaces_workspace", "workspaces_historicalworkspace", "workspaces_container", "workspaces_schedule",
    "workspaces_workspacetoken", "workspaces_importrun", "workspaces_runoperation", "workspaces_organization",
    "structure_events",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """An organization, the number of its live workspaces, and the runs that made and removed workspaces."""

    organization: Organization
    workspaces: int
    made_by: UUID
    removed_by: UUID

    def workspace(self, number: int) -> UUID:
        """The id of the workspace with that number, from 1; those above `workspaces` are removed."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT md5(%s)::uuid", [f"{self.organization.slug}/{number}"])
            found: UUID = cursor.fetchone()[0]
        return found


def make_dataset(slug: str, *, workspaces: int, events: int) -> Dataset:
    """Make the organization `slug`, which must be new. No transaction may be open, because VACUUM runs in none."""
    organization = Organization.objects.create(slug=slug, name=slug.capitalize())
    made_by, removed_by = (uuid5(NAMESPACE_URL, f"{slug}/{what}") for what in ("made", "removed"))
    given: dict[str, str | int | UUID] = {
        "slug": slug, "organization": organization.pk, "n": workspaces, "gone": workspaces // 2, "events": events,
        "runs": max(2, events // 100), "made_by": made_by, "removed_by": removed_by, "half": workspaces // 2,
        "roots": max(1, workspaces // 5_000),
    }  # fmt: skip
    with connection.cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement, given)
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}")
    return Dataset(organization=organization, workspaces=workspaces, made_by=made_by, removed_by=removed_by)


WORKSPACES = """
    INSERT INTO workspaces_workspace (id, organization_id, parent_id, name, role, tier, runtime, model, status,
        protected, external, url, spec, created_at, updated_at, removed_at, removed_by)
    SELECT md5(%(slug)s || '/' || i)::uuid, %(organization)s,
        CASE WHEN i > %(roots)s THEN md5(%(slug)s || '/' || (i - %(roots)s - 1) / 5 + 1)::uuid END,
        'Agent ' || CASE WHEN i %% 10 = 0 AND i > %(half)s THEN i - %(half)s ELSE i END,
        'Looks after one thing.', 2, 'langgraph', 'large', CASE
            WHEN i > %(n)s THEN 'removed' WHEN i %% 10 = 7 THEN 'failed' WHEN i %% 10 = 3 THEN 'offline'
            ELSE 'online'
        END,
        i %% 500 = 1, false, '', '{"plugins": ["search", "mail"]}',
        TIMESTAMPTZ '2026-01-01 00:00 UTC', TIMESTAMPTZ '2026-01-01 00:00 UTC',
        CASE WHEN i > %(n)s THEN TIMESTAMPTZ '2026-02-01 00:00 UTC' + i * interval '1 second' END,
        CASE WHEN i > %(n)s THEN %(removed_by)s::uuid END
    FROM generate_series(1, %(n)s + %(gone)s) AS i
"""

HISTORY = """
    INSERT INTO workspaces_historicalworkspace (id, organization_id, parent_id, name, role, tier, runtime, model,
        status, protected, external, url, spec, created_at, updated_at, removed_at, history_date, history_type,
        history_actor, history_import_id, history_change_reason)
    SELECT w.id, w.organization_id, w.parent_id, w.name, w.role, w.tier, w.runtime, w.model,
        CASE kind WHEN '+' THEN 'provisioning' ELSE 'removed' END, w.protected, false, '', w.spec, w.created_at,
        w.updated_at, CASE kind WHEN '~' THEN w.removed_at END,
        CASE kind WHEN '+' THEN w.created_at ELSE w.removed_at END,
        kind, 'alice', CASE kind WHEN '+' THEN %(made_by)s::uuid ELSE %(removed_by)s::uuid END, 'not live yet'
    FROM generate_series(1, %(n)s + %(gone)s) AS i
    JOIN workspaces_workspace w ON w.id = md5(%(slug)s || '/' || i)::uuid
    JOIN unnest(ARRAY['+', '~']) AS kind ON kind = '+' OR w.status = 'removed'
    ORDER BY kind, i
"""

OPERATIONS = """
    INSERT INTO workspaces_runoperation (run_id, seq, kind, workspace_id, name, path, cause, reason, before, after)
    SELECT history_import_id,
        ROW_NUMBER() OVER (PARTITION BY history_import_id ORDER BY history_id),
        CASE history_type WHEN '+' THEN 'create' ELSE 'remove' END, id, name, jsonb_build_array(name),
        'not live yet', '',
        CASE history_type WHEN '~' THEN jsonb_build_object('parent_id', parent_id, 'name', name) END,
        CASE history_type WHEN '+' THEN jsonb_build_object('parent_id', parent_id, 'name', name) END
    FROM workspaces_historicalworkspace WHERE organization_id = %(organization)s
"""

CONTAINERS = """
    INSERT INTO workspaces_container (workspace_id, organization_id, desired, observed, keep_volumes, import_id,
        generation, due_at, attempts, last_error, leased_by, changed_at, volume_bytes, purge_at)
    SELECT id, organization_id, CASE WHEN status = 'removed' THEN 'absent' ELSE 'running' END,
        CASE WHEN status = 'removed' THEN 'absent' WHEN status = 'failed' THEN 'starting' ELSE 'running' END,
        status = 'removed' AND id::text LIKE '%%f',
        CASE WHEN status = 'removed' THEN %(removed_by)s::uuid ELSE %(made_by)s::uuid END, 1,
        CASE WHEN status = 'failed' THEN TIMESTAMPTZ '2026-03-01 00:00 UTC' END,
        CASE WHEN status = 'failed' THEN 3 ELSE 0 END,
        CASE WHEN status = 'failed' THEN 'no space left on device' ELSE '' END, '', created_at, 1000000,
        CASE WHEN status = 'removed' AND id::text NOT LIKE '%%f' THEN now() + interval '7 days' END
    FROM workspaces_workspace WHERE organization_id = %(organization)s
"""

SCHEDULES = """
    INSERT INTO workspaces_schedule (workspace_id, name, cron_expr, timezone, prompt, enabled, source, created_at,
        updated_at)
    SELECT md5(%(slug)s || '/' || i)::uuid, 'Pulse', '*/5 * * * *', 'UTC', 'Look.', true, 'template', now(), now()
    FROM generate_series(1, %(n)s, 3) AS i
"""

TOKENS = """
    INSERT INTO workspaces_workspacetoken (workspace_id, digest, created_at)
    SELECT md5(%(slug)s || '/' || i)::uuid, md5(%(slug)s || i) || md5(i || %(slug)s), now()
    FROM generate_series(1, %(n)s) AS i
"""

RUNS = """
    INSERT INTO workspaces_importrun (id, number, organization_id, mode, template_name, template_sha256,
        source, reason, actor, state, owner, fingerprint, created_count, skipped_count, removed_count,
        left_running_count, live_before, live_after, reconcile_errors, warnings, error, dismissed_by, started_at,
        finished_at)
    SELECT CASE i WHEN 1 THEN %(made_by)s::uuid
            WHEN 2 THEN %(removed_by)s::uuid ELSE md5(%(slug)s || '/run/' || i)::uuid END,
        nextval('workspaces_run_number'), %(organization)s, CASE i WHEN 2 THEN 'reconcile' ELSE 'merge' END,
        'Dev team', repeat('0', 64),
        'dev.yaml', '',
        'alice', CASE WHEN i %% 50 = 0 THEN 'failed' ELSE 'completed' END, 'host/1/1', '',
        CASE i WHEN 1 THEN %(n)s + %(gone)s ELSE 0 END, CASE i WHEN 1 THEN 0 ELSE %(n)s END,
        CASE i WHEN 2 THEN %(gone)s ELSE 0 END, 0, %(n)s, %(n)s, '[]', '[]', '', '',
        TIMESTAMPTZ '2026-01-01 00:00 UTC' + i * interval '1 hour',
        TIMESTAMPTZ '2026-01-01 00:01 UTC' + i * interval '1 hour'
    FROM generate_series(1, %(runs)s) AS i
"""

# Of 100 events, 44 are creations, 44 online, 4 removals, 4 releases; the others are an import's, failures, and manual.
EVENTS = """
    INSERT INTO structure_events (event_type, organization, workspace_id, import_id, actor, payload, created_at)
    SELECT type, %(slug)s,
        CASE WHEN type NOT LIKE 'org.%%' THEN md5(%(slug)s || '/' || (i / 100 %% %(n)s + 1))::uuid END,
        CASE WHEN i %% 100 = 99 THEN NULL WHEN i = %(events)s / 2 THEN %(made_by)s::uuid
            WHEN i < %(events)s / 2 AND type NOT LIKE 'org.%%' THEN %(made_by)s::uuid
            ELSE md5(%(slug)s || '/run/' || (i / 100 + 1))::uuid END,
        CASE WHEN i %% 1000 = 0 THEN 'bob' ELSE 'alice' END,
        jsonb_build_object('name', 'Agent ' || (i / 100 %% %(n)s + 1), 'parent_id', NULL, 'path',
            jsonb_build_array('Agent 1', 'Agent 2', 'Agent ' || (i / 100 %% %(n)s + 1)),
            'why', 'not live yet', 'mode', 'merge'),
        TIMESTAMPTZ '2026-01-01 00:00 UTC' + i * interval '1 second'
    FROM generate_series(1, %(events)s) AS i,
    LATERAL (SELECT CASE
        WHEN i = %(events)s / 2 THEN 'org.import.completed'
        WHEN i %% 100 = 0 THEN 'org.import.started' WHEN i %% 100 = 98 THEN 'org.import.completed'
        WHEN i %% 100 = 97 THEN 'workspace.failed' WHEN i %% 100 = 99 THEN 'workspace.provisioning'
        WHEN i %% 100 < 45 THEN 'workspace.provisioning' WHEN i %% 100 < 89 THEN 'workspace.online'
        WHEN i %% 100 < 93 THEN 'workspace.removed' ELSE 'workspace.released' END AS type) AS kinds
"""

STATEMENTS = (WORKSPACES, HISTORY, CONTAINERS, SCHEDULES, TOKENS, RUNS, OPERATIONS, EVENTS)
