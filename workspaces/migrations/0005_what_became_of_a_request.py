"""A preview knows the run that applied it, a form that it was sent, a run whether it failed or was refused.

What ended before keeps its record: a run whose error is that of a safety becomes refused. Failures that home no longer
showed count as dismissed, or they would all stand there again.
"""

from datetime import timedelta
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.utils import timezone

REFUSALS = (
    "The tree or the template changed since this plan was made.",
    "This would remove ",
    "Protected, so nothing was removed:",
    "The tree changed: ",
)
SHOWN = timedelta(days=1)  # so long home showed a failure before this


def tell_apart(apps: Any, schema_editor: Any) -> None:
    failed = apps.get_model("workspaces", "ImportRun").objects.filter(state="failed")
    now = timezone.now()
    for sentence in REFUSALS:
        failed.filter(error__startswith=sentence).update(state="refused")
    failed.filter(finished_at__lt=now - SHOWN).update(dismissed_at=now, dismissed_by="system")


def take_back(apps: Any, schema_editor: Any) -> None:
    apps.get_model("workspaces", "ImportRun").objects.filter(state="refused").update(state="failed")


class Migration(migrations.Migration):
    dependencies = (
        ("workspaces", "0004_turns_losses_and_tokens_of_containers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.CreateModel(
            name="Submission",
            fields=[
                (
                    "key",
                    models.CharField(
                        help_text="SHA-256 (hex) of all that was sent.",
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("address", models.TextField(default="", help_text="Where it led.")),
                ("said", models.TextField(default="", help_text="What is said of it when it comes again.")),
                ("created_at", models.DateTimeField(db_index=True)),
                (
                    "user",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL),
                ),
            ],
        ),
        migrations.AddField(
            model_name="organization",
            name="last_run",
            field=models.UUIDField(
                editable=False,
                help_text="The last run that changed something: part of every plan's fingerprint.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="importpreview",
            name="last_run",
            field=models.UUIDField(help_text="The organization's last run that had changed something then.", null=True),
        ),
        migrations.AddField(
            model_name="importpreview",
            name="applied_by",
            field=models.ForeignKey(
                help_text="The run that applied it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="previews",
                to="workspaces.importrun",
            ),
        ),
        migrations.AddField(
            model_name="importrun",
            name="dismissed_at",
            field=models.DateTimeField(blank=True, help_text="When somebody had seen its failure.", null=True),
        ),
        migrations.AddField(
            model_name="importrun",
            name="dismissed_by",
            field=models.CharField(blank=True, default="", max_length=255),
        ),
        migrations.AlterField(
            model_name="importrun",
            name="state",
            field=models.CharField(
                choices=[
                    ("running", "Running"),
                    ("completed", "Completed"),
                    ("refused", "Refused"),
                    ("failed", "Failed"),
                ],
                default="running",
                max_length=16,
            ),
        ),
        migrations.RemoveConstraint(model_name="importrun", name="run_finished_at"),
        migrations.AddConstraint(
            model_name="importrun",
            constraint=models.CheckConstraint(
                condition=Q(state="running", finished_at__isnull=True)
                | Q(state__in=["completed", "refused", "failed"], finished_at__isnull=False),
                name="run_finished_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="importrun",
            constraint=models.CheckConstraint(
                condition=Q(dismissed_at__isnull=True) | Q(state="failed"), name="run_dismissed_when_failed"
            ),
        ),
        migrations.AddIndex(
            model_name="importrun",
            index=models.Index(
                fields=("-finished_at",),
                condition=Q(state="failed", dismissed_at__isnull=True),
                name="run_failed",
            ),
        ),
        migrations.AddIndex(
            model_name="importrun",
            index=models.Index(
                fields=("organization", "fingerprint"),
                condition=Q(state="completed") & (Q(created_count__gt=0) | Q(removed_count__gt=0)),
                name="run_by_fingerprint",
            ),
        ),
        migrations.RunPython(tell_apart, take_back),
    )
