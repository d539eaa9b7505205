"""Imports move and update workspaces; what a template said last, and whether a workspace is so, is kept with its row.

Addresses that agents reported stood in `url`, in the place of the template's; they get a column of their own, and what
the template said last comes back. Of an external workspace made by hand nobody knows who said it, so it stays. Previews
that wait are dropped, as they would be within hours: they lack the fields of workspaces that a plan now reads.
"""

from typing import Any

from django.db import migrations, models
from django.db.models import F, Q, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce


def part_addresses(apps: Any, schema_editor: Any) -> None:
    workspaces = apps.get_model("workspaces", "Workspace").objects
    declared = KT("declared__url")
    said = Coalesce(declared, Value(""))
    rows = workspaces.annotate(declared_url=declared, said=said).exclude(url="").exclude(url=F("said"))
    rows.filter(Q(external=False) | Q(declared_url__isnull=False)).update(reported_url=F("url"), url=said)


def join_addresses(apps: Any, schema_editor: Any) -> None:
    workspaces = apps.get_model("workspaces", "Workspace").objects
    workspaces.exclude(reported_url="").update(url=F("reported_url"))


def drop_previews(apps: Any, schema_editor: Any) -> None:
    apps.get_model("workspaces", "PreviewFiles").objects.all().delete()
    apps.get_model("workspaces", "ImportPreview").objects.all().delete()


def forget_moves_and_updates(apps: Any, schema_editor: Any) -> None:
    """The models before this know neither kind of operation."""
    apps.get_model("workspaces", "RunOperation").objects.filter(kind__in=["move", "update"]).delete()


CHANGED = (
    models.Q(created_count__gt=0)
    | models.Q(moved_count__gt=0)
    | models.Q(updated_count__gt=0)
    | models.Q(removed_count__gt=0)
)


class Migration(migrations.Migration):
    dependencies = (("workspaces", "0007_runs_of_every_plan"),)

    operations = (
        migrations.AddField(
            model_name="importrun",
            name="moved_count",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="importrun",
            name="updated_count",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="importrun",
            name="differs_count",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="Matched workspaces that it left different from the template."
            ),
        ),
        migrations.RemoveIndex(model_name="importrun", name="run_by_fingerprint"),
        migrations.AddIndex(
            model_name="importrun",
            index=models.Index(
                condition=models.Q(state="completed") & CHANGED,
                fields=["organization", "fingerprint"],
                name="run_by_fingerprint",
            ),
        ),
        migrations.RemoveConstraint(model_name="runoperation", name="run_operation_kind"),
        migrations.RunPython(migrations.RunPython.noop, forget_moves_and_updates),
        migrations.AddConstraint(
            model_name="runoperation",
            constraint=models.CheckConstraint(
                condition=models.Q(kind__in=["create", "move", "update", "remove"]), name="run_operation_kind"
            ),
        ),
        migrations.AddField(
            model_name="workspace",
            name="declared_digest",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name="workspace",
            name="differs",
            field=models.CharField(
                blank=True,
                choices=[("drift", "drift"), ("conflict", "conflict")],
                db_default="",
                default="",
                editable=False,
                help_text="How it is not what that template said; written with each import and edit.",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="workspace",
            name="reported_url",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="The address that its agent registered.",
            ),
        ),
        migrations.RunPython(part_addresses, join_addresses),
        migrations.AddIndex(
            model_name="workspace",
            index=models.Index(
                condition=~models.Q(status="removed") & ~models.Q(differs=""),
                fields=["organization", "id"],
                name="workspace_that_differs",
            ),
        ),
        migrations.RunPython(drop_previews, migrations.RunPython.noop),
        migrations.RemoveField(model_name="importpreview", name="merge_fingerprint"),
        migrations.RemoveField(model_name="importpreview", name="reconcile_fingerprint"),
        migrations.AddField(
            model_name="importpreview",
            name="contents",
            field=models.JSONField(
                default=dict, help_text="The fields of those that may not be as the template says, by id."
            ),
        ),
    )
