"""The last words of templates about workspaces before a run changes them, kept for its undo: copied in the database."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import connections, router

from lib.bulk_update import values_of
from workspaces.core.planning.plan_values import Plan
from workspaces.core.planning.undo_facts import Memory
from workspaces.models import ImportRun, RunMemory, Workspace

COPIED = ("declared", "declared_digest", "differs", "template", "files_id")
SINCE = ("digest_since", "differs_since", "template_since")
# As in `services.reasons`: each row is looked up by its id.
LOOKED_UP = "CROSS JOIN LATERAL (SELECT * FROM workspaces_workspace WHERE id = v.f0 LIMIT 1) AS w"
JOINED = "JOIN workspaces_workspace w ON w.id = v.f0"


def remember(plan: Plan, *, run: ImportRun) -> None:
    """Keep the last word about each workspace whose fields or memory the plan is about to change. One statement."""
    rows = [
        (row.live.id, row.diff.declared_digest, str(row.diff.differs), row.diff.template)
        for row in plan.rows
        if row.live and row.diff and (row.diff.changes or not row.diff.foreign)
    ]
    if not rows:
        return
    connection = connections[router.db_for_write(RunMemory)]
    columns = [Workspace._meta.pk, *(RunMemory._meta.get_field(name) for name in SINCE)]
    source, given = values_of(connection, columns, rows)
    key = RunMemory._meta.get_field("run").get_db_prep_save(run.pk, connection)
    look_up = LOOKED_UP if connection.vendor == "postgresql" else JOINED
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO workspaces_runmemory (run_id, workspace_id, {', '.join((*COPIED, *SINCE))}) "
            f"SELECT {'%s::uuid' if connection.vendor == 'postgresql' else '%s'}, w.id, "
            f"{', '.join(f'w.{name}' for name in COPIED)}, v.f1, v.f2, v.f3 FROM {source} {look_up}",
            [key, *given],
        )


def memories_of(run: ImportRun) -> Mapping[UUID, Memory]:
    """The memories of a run, by workspace. One query."""
    rows = RunMemory.objects.filter(run=run).values_list("workspace_id", *Memory._fields)
    return {key: Memory._make(values) for key, *values in rows}
