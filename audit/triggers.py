"""Triggers that make `structure_events` append-only for every client, SQL ones included.

On PostgreSQL each part of the table has its own: a statement on a part does not run those of the whole.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

REFUSAL = "structure_events is append-only"

FUNCTION = f"""
    CREATE FUNCTION structure_events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$
"""
DROP_FUNCTION = "DROP FUNCTION structure_events_refuse()"
# A session in the role of a replica skips ordinary triggers, but not those enabled ALWAYS.
GUARD = """
    CREATE TRIGGER {name}_rows BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION structure_events_refuse();
    CREATE TRIGGER {name}_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION structure_events_refuse();
    ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}_rows;
    ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}_truncate
"""
UNGUARD = "DROP TRIGGER {name}_truncate ON {table}; DROP TRIGGER {name}_rows ON {table}"
TABLE = "structure_events"
# A part also inherits the table's row trigger with its name; so its own have other names.
WHOLE, PART = "structure_events", "structure_events_part"
PARTS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'structure_events'::regclass ORDER BY 1"

# REPLACE deletes the old row without running a DELETE trigger, so an INSERT with an existing id is refused too.
SQLITE = (
    f"CREATE TRIGGER structure_events_update BEFORE UPDATE ON structure_events "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    f"CREATE TRIGGER structure_events_delete BEFORE DELETE ON structure_events "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    f"CREATE TRIGGER structure_events_replace BEFORE INSERT ON structure_events "
    f"WHEN EXISTS (SELECT 1 FROM structure_events WHERE id = NEW.id) "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
)
DROP_SQLITE = tuple(f"DROP TRIGGER structure_events_{name}" for name in ("update", "delete", "replace"))


def install(connection: BaseDatabaseWrapper) -> None:
    """Guard the table and each of its parts."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(FUNCTION)
            cursor.execute(GUARD.format(name=WHOLE, table=TABLE))
            for part in _parts(cursor):
                guard(cursor, part)
            return
        for statement in SQLITE:
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(UNGUARD.format(name=WHOLE, table=TABLE))
            for part in _parts(cursor):
                cursor.execute(UNGUARD.format(name=PART, table=part))
            cursor.execute(DROP_FUNCTION)
            return
        for statement in DROP_SQLITE:
            cursor.execute(statement)


def guard(cursor: Any, part: str) -> None:
    """Make the triggers of a part."""
    cursor.execute(GUARD.format(name=PART, table=part))


def _parts(cursor: Any) -> list[str]:
    cursor.execute(PARTS)
    return [name for (name,) in cursor.fetchall()]
