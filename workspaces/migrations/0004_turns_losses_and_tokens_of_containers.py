"""Containers know their organization, so that claims are shared, and how often they were lost; tokens of containers are
told from those that people handed out."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import OuterRef, Subquery
from django.utils.crypto import salted_hmac

BATCH = 5_000  # rows


def name_organizations(apps: Any, schema_editor: Any) -> None:
    """Each container's is its workspace's."""
    workspaces = apps.get_model("workspaces", "Workspace").objects.filter(pk=OuterRef("workspace_id"))
    containers = apps.get_model("workspaces", "Container").objects.using(schema_editor.connection.alias)
    containers.update(organization_id=Subquery(workspaces.values("organization_id")[:1]))


def mark_tokens(apps: Any, schema_editor: Any) -> None:
    """A container's token is derived, so it is recognized: under this key, and those it may have been made with.

    One of a key that nobody names any more stays unmarked, as if it had been handed out by hand.
    """
    alias = schema_editor.connection.alias
    tokens = apps.get_model("workspaces", "WorkspaceToken").objects.using(alias).filter(revoked_at=None)
    running = apps.get_model("workspaces", "Container").objects.using(alias).filter(desired="running")
    rows = running.order_by().values_list("pk", "generation").iterator(BATCH)
    while batch := list(islice(rows, BATCH // 10)):
        tokens.filter(digest__in=[each for row in batch for each in _digests(*row)]).update(of_container=True)


def _digests(workspace_id: Any, generation: int) -> list[str]:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    value = f"{workspace_id}/{generation}"
    derived = (salted_hmac("workspaces.container", value, secret=key, algorithm="sha256").hexdigest() for key in keys)
    return [hashlib.sha256(f"ws_{each}".encode()).hexdigest() for each in derived]


def organization(*, null: bool) -> Any:
    return models.ForeignKey(
        "workspaces.organization",
        null=null,
        db_constraint=False,
        db_index=False,
        help_text="The workspace's, which never changes: claims are shared between organizations.",
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
    )


class Migration(migrations.Migration):
    dependencies = (("workspaces", "0003_strays"),)

    operations = (
        migrations.AddField(
            "container",
            "losses",
            models.PositiveIntegerField(
                default=0, db_default=0, help_text="How often it did not stay, since it last ran for long."
            ),
        ),
        migrations.AddField("container", "organization", organization(null=True)),
        migrations.RunPython(name_organizations, migrations.RunPython.noop),
        migrations.AlterField("container", "organization", organization(null=False)),
        migrations.AddIndex(
            "container",
            models.Index(
                fields=("desired", "organization", "due_at"),
                condition=models.Q(due_at__isnull=False),
                name="container_queue",
            ),
        ),
        migrations.AddField(
            "workspacetoken",
            "of_container",
            models.BooleanField(
                default=False,
                db_default=False,
                help_text="Made for the workspace's container; it ends when the next container gets another one.",
            ),
        ),
        migrations.RunPython(mark_tokens, migrations.RunPython.noop),
    )
