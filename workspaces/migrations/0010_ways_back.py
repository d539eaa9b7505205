"""Removals have a way back: data waits before it is destroyed, and a run can be undone.

What was released so far had its volumes destroyed at once; so it counts as purged. Who removed what last is read off the
runs' operations.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F

REMOVERS = """
    UPDATE workspaces_workspace SET removed_by = done.run_id FROM (
        SELECT o.workspace_id, o.run_id, ROW_NUMBER() OVER (PARTITION BY o.workspace_id ORDER BY r.number DESC) AS turn
        FROM workspaces_runoperation o JOIN workspaces_importrun r ON r.id = o.run_id WHERE o.kind = 'remove'
    ) AS done
    WHERE done.workspace_id = workspaces_workspace.id AND done.turn = 1 AND workspaces_workspace.status = 'removed'
"""


def fill_in(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(REMOVERS)
    containers = apps.get_model("workspaces", "Container").objects
    gone = containers.filter(workspace__status="removed", keep_volumes=False, released_at__isnull=False)
    gone.update(purged_at=F("released_at"))


def forget_undos(apps: Any, schema_editor: Any) -> None:
    """The models before this know no undo. What waits to be purged is destroyed, as every removed one's data was."""
    containers = apps.get_model("workspaces", "Container").objects
    waiting = containers.filter(purge_at__isnull=False)
    waiting.update(due_at=F("changed_at"), purge_at=None)
    runs = apps.get_model("workspaces", "ImportRun").objects
    runs.filter(undone_by__isnull=False).update(undone_by=None)
    runs.filter(undoes__isnull=False).update(undoes=None)
    apps.get_model("workspaces", "RunMemory").objects.filter(run__mode="undo").delete()
    apps.get_model("workspaces", "RunOperation").objects.filter(run__mode="undo").delete()
    runs.filter(mode="undo").delete()
    if schema_editor.connection.vendor == "postgresql":  # checked now: a table with checks to come is not altered
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = (("workspaces", "0009_deliveries_to_running_containers"),)

    operations = (
        migrations.CreateModel(
            name="RunMemory",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run_id", "workspace_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.UUIDField()),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memories",
                        to="workspaces.importrun",
                    ),
                ),
                (
                    "files",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memories",
                        to="workspaces.fileset",
                    ),
                ),
                ("declared", models.JSONField(null=True)),
                ("declared_digest", models.CharField(blank=True, max_length=32)),
                ("differs", models.CharField(blank=True, max_length=8)),
                ("template", models.CharField(blank=True, max_length=255)),
                ("digest_since", models.CharField(blank=True, max_length=32)),
                ("differs_since", models.CharField(blank=True, max_length=8)),
                ("template_since", models.CharField(blank=True, max_length=255)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="importrun",
            name="run_mode",
        ),
        migrations.RemoveConstraint(
            model_name="runoperation",
            name="run_operation_kind",
        ),
        migrations.RemoveIndex(
            model_name="importrun",
            name="run_by_fingerprint",
        ),
        migrations.AddField(
            model_name="container",
            name="node",
            field=models.CharField(
                db_default="",
                default="",
                help_text="The machine that has its volumes, of an engine with several.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="container",
            name="purge_at",
            field=models.DateTimeField(
                help_text="Until when its volumes wait for a way back; None if they wait for nothing.", null=True
            ),
        ),
        migrations.AddField(
            model_name="container",
            name="purged_at",
            field=models.DateTimeField(help_text="When its volumes were seen to be destroyed.", null=True),
        ),
        migrations.AddField(
            model_name="importrun",
            name="restored_count",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="importrun",
            name="undoes",
            field=models.ForeignKey(
                editable=False,
                help_text="The run it undoes.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="undos",
                to="workspaces.importrun",
            ),
        ),
        migrations.AddField(
            model_name="importrun",
            name="undone_by",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                help_text="The run that undid it last, unless that was undone as well.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workspaces.importrun",
            ),
        ),
        migrations.AddField(
            model_name="installation",
            name="nodes",
            field=models.JSONField(
                default=dict, help_text="The engine's machines, if it has several: name → whether it takes containers."
            ),
        ),
        migrations.AddField(
            model_name="workspace",
            name="removed_by",
            field=models.UUIDField(blank=True, editable=False, help_text="The run that removed it.", null=True),
        ),
        migrations.AlterField(
            model_name="container",
            name="keep_volumes",
            field=models.BooleanField(
                default=False, help_text="They are never destroyed, unless somebody asks for it."
            ),
        ),
        migrations.AlterField(
            model_name="container",
            name="released_at",
            field=models.DateTimeField(help_text="When its container was seen to be gone.", null=True),
        ),
        migrations.AddIndex(
            model_name="container",
            index=models.Index(
                condition=models.Q(("purge_at__isnull", False)),
                fields=["purge_at", "organization"],
                name="container_waiting_data",
            ),
        ),
        migrations.AddIndex(
            model_name="container",
            index=models.Index(
                condition=models.Q(("purge_at__isnull", False)),
                fields=["organization", "purge_at"],
                name="container_waiting_inside",
            ),
        ),
        migrations.AddIndex(
            model_name="container",
            index=models.Index(
                condition=models.Q(("desired", "absent"), ("keep_volumes", True)),
                fields=["organization"],
                name="container_kept_data",
            ),
        ),
        migrations.AddIndex(
            model_name="importrun",
            index=models.Index(
                condition=models.Q(
                    ("state", "completed"),
                    models.Q(
                        ("created_count__gt", 0),
                        ("moved_count__gt", 0),
                        ("updated_count__gt", 0),
                        ("removed_count__gt", 0),
                        ("restored_count__gt", 0),
                        _connector="OR",
                    ),
                ),
                fields=["organization", "fingerprint"],
                name="run_by_fingerprint",
            ),
        ),
        migrations.RunPython(fill_in, forget_undos),
        migrations.AddConstraint(
            model_name="importrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("mode__in", ["merge", "reconcile", "remove", "undo"])), name="run_mode"
            ),
        ),
        migrations.AddConstraint(
            model_name="runoperation",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["create", "move", "update", "remove", "restore"])),
                name="run_operation_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="runmemory",
            index=models.Index(condition=models.Q(("files__isnull", False)), fields=["files"], name="memory_by_files"),
        ),
    )
