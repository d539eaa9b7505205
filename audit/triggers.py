"""Triggers that make `structure_events` append-only for every client, SQL ones included."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

REFUSAL = "structure_events is append-only"

POSTGRESQL = (
    f"""
    CREATE FUNCTION structure_events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$
    """,
    """
    CREATE TRIGGER structure_events_rows BEFORE UPDATE OR DELETE ON structure_events
    FOR EACH ROW EXECUTE FUNCTION structure_events_refuse()
    """,
    """
    CREATE TRIGGER structure_events_truncate BEFORE TRUNCATE ON structure_events
    FOR EACH STATEMENT EXECUTE FUNCTION structure_events_refuse()
    """,
    # A session that plays replica skips ordinary triggers; these it does not.
    "ALTER TABLE structure_events ENABLE ALWAYS TRIGGER structure_events_rows",
    "ALTER TABLE structure_events ENABLE ALWAYS TRIGGER structure_events_truncate",
)
# REPLACE deletes the old row without asking a DELETE trigger, so an id that exists is refused on INSERT as well.
SQLITE = (
    f"CREATE TRIGGER structure_events_update BEFORE UPDATE ON structure_events "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    f"CREATE TRIGGER structure_events_delete BEFORE DELETE ON structure_events "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    f"CREATE TRIGGER structure_events_replace BEFORE INSERT ON structure_events "
    f"WHEN EXISTS (SELECT 1 FROM structure_events WHERE id = NEW.id) "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
)
DROP_POSTGRESQL = (
    "DROP TRIGGER structure_events_truncate ON structure_events",
    "DROP TRIGGER structure_events_rows ON structure_events",
    "DROP FUNCTION structure_events_refuse()",
)
DROP_SQLITE = tuple(f"DROP TRIGGER structure_events_{name}" for name in ("update", "delete", "replace"))


def install(connection: BaseDatabaseWrapper) -> None:
    _execute(connection, POSTGRESQL if connection.vendor == "postgresql" else SQLITE)


def remove(connection: BaseDatabaseWrapper) -> None:
    _execute(connection, DROP_POSTGRESQL if connection.vendor == "postgresql" else DROP_SQLITE)


def _execute(connection: BaseDatabaseWrapper, statements: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
