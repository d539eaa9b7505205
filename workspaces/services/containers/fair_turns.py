"""The turns of organizations, so that one with many due containers never holds up another one's few.

A container's place is the number of its organization's leased ones, plus its own place among those that wait. The
lowest place comes first, at equal places the longest wait. An index gives each organization's first ones: the statement
costs the same with ten due rows and with a hundred thousand.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection

# Two workers at the same time find the same rows; behind those that the other has locked there are enough more.
AHEAD = 2

WAITS = """
    desired = %(desired)s AND due_at IS NOT NULL AND due_at <= %(now)s
    AND (leased_until IS NULL OR leased_until <= %(now)s)
"""
# Compared as rows, so that only the index `container_queue` has this order: the planner would rather read all due rows
# by time, and drop those of other organizations.
PLACE = "(desired, organization_id, due_at)"
FIRST = f"""
    FROM workspaces_organization o CROSS JOIN LATERAL (
        SELECT workspace_id, organization_id, due_at FROM workspaces_container
        WHERE {PLACE} >= (%(desired)s, o.id, '-infinity') AND {PLACE} <= (%(desired)s, o.id, %(now)s)
        AND due_at IS NOT NULL AND (leased_until IS NULL OR leased_until <= %(now)s)
        ORDER BY desired, organization_id, due_at LIMIT %(most)s
    ) AS first
"""
FIRST_ON_SQLITE = f"""
    FROM workspaces_organization o JOIN workspaces_container AS first ON first.rowid IN (
        SELECT rowid FROM workspaces_container
        WHERE organization_id = o.id AND {WAITS} ORDER BY due_at LIMIT %(most)s
    )
"""
PLACES = """
    SELECT first.workspace_id, first.due_at AS since, COALESCE(leased.number, 0)
        + row_number() OVER (PARTITION BY first.organization_id ORDER BY first.due_at, first.workspace_id) AS place
    {first}
    LEFT JOIN (
        SELECT organization_id, COUNT(*) AS number FROM workspaces_container
        WHERE desired = %(desired)s AND leased_until > %(now)s GROUP BY organization_id
    ) AS leased ON leased.organization_id = first.organization_id
    ORDER BY place, since, first.workspace_id LIMIT %(most)s
"""
# Checked once more on the locked row: another worker may have taken it since.
TURNS = f"""
    SELECT c.workspace_id FROM ({PLACES}) AS turn JOIN workspaces_container c ON c.workspace_id = turn.workspace_id
    WHERE {WAITS} ORDER BY turn.place, turn.since, turn.workspace_id LIMIT %(limit)s {{lock}}
"""


def next_turns(desired: str, *, now: datetime, limit: int) -> list[UUID]:
    """The ids of up to `limit` containers whose turn it is; their rows are locked until the transaction ends. Skips
    rows locked by others; on SQLite the transaction has locked everything."""
    postgresql = connection.vendor == "postgresql"
    first, lock = (FIRST, "FOR NO KEY UPDATE OF c SKIP LOCKED") if postgresql else (FIRST_ON_SQLITE, "")
    given = {"desired": desired, "now": now if postgresql else _as_text(now), "limit": limit, "most": AHEAD * limit}
    with connection.cursor() as cursor:
        cursor.execute(TURNS.format(first=first, lock=lock), given)
        return [key if isinstance(key, UUID) else UUID(key) for (key,) in cursor.fetchall()]


def _as_text(moment: datetime) -> str:
    return str(connection.ops.adapt_datetimefield_value(moment))
