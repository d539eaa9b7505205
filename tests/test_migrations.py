"""Migrations go back as well as forth."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection  # noqa: F401 - named in the marks
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from tests.databases import migrated_file
from tests.trees import loaded
from workspaces.core.plan import Mode
from workspaces.models import ImportRun, Organization
from workspaces.services.actors import Actor
from workspaces.services.runs import fail_run, open_run


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="it takes a database of its own; SQLite's half shows this")
def test_every_migration_can_be_taken_back_and_made_again(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> None:
    with migrated_file(tmp_path / "site.sqlite3", unblock=django_db_blocker.unblock) as database:
        for target in (["workspaces", "zero"], ["audit", "zero"], []):
            database.ask(call_command, "migrate", *target, interactive=False, verbosity=0)
        database.ask(call_command, "migrate", check_unapplied=True, verbosity=0)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        ("The tree or the template changed since this plan was made. Nothing was changed; look again.", "refused"),
        ("This would remove 8 workspaces, not 7. Nothing was changed.", "refused"),
        ("Protected, so nothing was removed: PM. Clear the protection first.", "refused"),
        ("interrupted", "failed"),
        ("the database was away or busy", "failed"),
        ("ValueError", "failed"),
    ],
)
def test_runs_of_before_are_told_apart_by_their_error(
    organization: Organization, actor: Actor, error: str, state: str
) -> None:
    old, new = (open_run(organization, loaded({}), mode=Mode.MERGE, actor=actor, reason="") for _ in range(2))
    for run in (old, new):
        fail_run(run, error)
    ImportRun.objects.filter(pk=old.pk).update(finished_at=timezone.now() - timedelta(days=3))
    migration = import_module("workspaces.migrations.0005_what_became_of_a_request")
    migration.tell_apart(apps, None)
    assert set(ImportRun.objects.values_list("state", flat=True)) == {state}
    dismissed = dict(ImportRun.objects.values_list("pk", "dismissed_by"))
    assert dismissed == {old.pk: "" if state == "refused" else "system", new.pk: ""}
    migration.take_back(apps, None)
    assert set(ImportRun.objects.values_list("state", flat=True)) == {"failed"}
