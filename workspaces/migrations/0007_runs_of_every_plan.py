"""Every applied plan is a run: removals, too. A run has a number, its operations and, for a while, its template.

Runs that are there get numbers in the order in which they began. What they did is read off the history, which has the
names of the workspaces and not the paths: the paths of these operations are the names alone.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

OPERATIONS = """
    INSERT INTO workspaces_runoperation (run_id, seq, kind, workspace_id, name, path, cause, reason, before, after)
    SELECT run.id, ROW_NUMBER() OVER (PARTITION BY run.id ORDER BY kept.history_type, kept.history_id),
        CASE kept.history_type WHEN '+' THEN 'create' ELSE 'remove' END, kept.id, kept.name, {path},
        COALESCE(kept.history_change_reason, ''), '',
        CASE kept.history_type WHEN '+' THEN NULL ELSE {place} END,
        CASE kept.history_type WHEN '+' THEN {place} ELSE NULL END
    FROM workspaces_historicalworkspace kept JOIN workspaces_importrun run ON run.id = kept.history_import_id
    WHERE kept.history_type = '+' OR kept.status = 'removed'
"""
# A UUID in SQLite is its 32 digits; in JSON it has hyphens, as everywhere else.
HYPHENS = " || '-' || ".join(f"substr(kept.parent_id, {start}, {length})" for start, length in (
    (1, 8), (9, 4), (13, 4), (17, 4), (21, 12),
))  # fmt: skip
ON_SQLITE = {"path": "json_array(kept.name)", "place": f"json_object('parent_id', {HYPHENS}, 'name', kept.name)"}
ON_POSTGRESQL = {
    "path": "jsonb_build_array(kept.name)",
    "place": "jsonb_build_object('parent_id', kept.parent_id, 'name', kept.name)",
}
SEQUENCE = "workspaces_run_number"


def number_runs(apps: Any, schema_editor: Any) -> None:
    runs = apps.get_model("workspaces", "ImportRun").objects
    for number, key in enumerate(runs.order_by("started_at", "pk").values_list("pk", flat=True), start=1):
        runs.filter(pk=key).update(number=number)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"CREATE SEQUENCE {SEQUENCE}")
        schema_editor.execute(f"SELECT setval('{SEQUENCE}', {runs.count() + 1}, false)")


def forget_numbers(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP SEQUENCE {SEQUENCE}")


def fill_operations(apps: Any, schema_editor: Any) -> None:
    words = ON_POSTGRESQL if schema_editor.connection.vendor == "postgresql" else ON_SQLITE
    schema_editor.execute(OPERATIONS.format(**words))


def forget_removals(apps: Any, schema_editor: Any) -> None:
    """The models before this know no runs of removals."""
    apps.get_model("workspaces", "ImportRun").objects.filter(mode="remove").delete()


class Migration(migrations.Migration):
    dependencies = (("workspaces", "0006_live_workspaces_in_order"),)

    operations = (
        migrations.AddField(
            model_name="importrun", name="number", field=models.PositiveBigIntegerField(null=True, editable=False)
        ),
        migrations.RunPython(number_runs, forget_numbers),
        migrations.AlterField(
            model_name="importrun",
            name="number",
            field=models.PositiveBigIntegerField(
                editable=False, unique=True, help_text="Ascending; commands take it, too."
            ),
        ),
        migrations.AddIndex(
            model_name="importrun", index=models.Index(fields=("organization", "-number"), name="run_by_number")
        ),
        migrations.AlterField(
            model_name="importrun",
            name="template_name",
            field=models.CharField(blank=True, default="", max_length=255),
        ),
        migrations.AlterField(
            model_name="importrun",
            name="template_sha256",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.RemoveConstraint(model_name="importrun", name="run_mode"),
        migrations.RunPython(migrations.RunPython.noop, forget_removals),
        migrations.AddConstraint(
            model_name="importrun",
            constraint=models.CheckConstraint(
                condition=models.Q(mode__in=["merge", "reconcile", "remove"]), name="run_mode"
            ),
        ),
        migrations.CreateModel(
            name="RunOperation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run_id", "seq", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="operations",
                        to="workspaces.importrun",
                    ),
                ),
                ("seq", models.PositiveIntegerField()),
                ("kind", models.CharField(max_length=8)),
                ("workspace_id", models.UUIDField()),
                ("name", models.CharField(max_length=255)),
                ("path", models.JSONField()),
                ("cause", models.TextField()),
                ("reason", models.CharField(blank=True, max_length=16)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(kind__in=["create", "remove"]), name="run_operation_kind")
                ]
            },
        ),
        migrations.RunPython(fill_operations, migrations.RunPython.noop),
        # What a run did is read off its operations from here on, and its template is kept whole.
        migrations.RemoveIndex(model_name="historicalworkspace", name="history_by_run"),
        migrations.RemoveField(model_name="importrun", name="template_header"),
        migrations.CreateModel(
            name="RunTemplate",
            fields=[
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="template",
                        serialize=False,
                        to="workspaces.importrun",
                    ),
                ),
                ("document", models.BinaryField(help_text="JSON, compressed with zlib.")),
            ],
        ),
        migrations.CreateModel(
            name="RunFiles",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="files", to="workspaces.runtemplate"
                    ),
                ),
                (
                    "files",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="runs", to="workspaces.fileset"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("run", "files"), name="run_files_once")],
            },
        ),
        migrations.AddField(
            model_name="schedule",
            name="removed_by",
            field=models.UUIDField(editable=False, help_text="The run whose removal disabled it.", null=True),
        ),
        migrations.AddField(
            model_name="workspacetoken",
            name="removed_by",
            field=models.UUIDField(editable=False, help_text="The run whose removal revoked it.", null=True),
        ),
        migrations.AddField(
            model_name="workspace",
            name="declared",
            field=models.JSONField(
                blank=True,
                editable=False,
                help_text="What its template last said about it; None: made by hand.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="workspace",
            name="template",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="The name of that template.",
                max_length=255,
            ),
        ),
    )
