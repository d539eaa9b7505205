"""Pages of tokens and schedules are filled by half: each row is changed once, when its workspace goes.

Where the new version fits beside the old one, PostgreSQL touches no index. Pages that are full already stay so.
"""

from typing import Any

from django.db import migrations

TABLES = ("workspaces_workspacetoken", "workspaces_schedule")


def _fill(schema_editor: Any, setting: str) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"ALTER TABLE {table} {setting}")


def halve(apps: Any, schema_editor: Any) -> None:
    _fill(schema_editor, "SET (fillfactor = 50)")


def reset(apps: Any, schema_editor: Any) -> None:
    _fill(schema_editor, "RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = (("workspaces", "0001_initial"),)

    operations = (migrations.RunPython(halve, reset),)
