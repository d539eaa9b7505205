"""Migrations go back as well as forth."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from audit.emitting import Event, emit
from audit.models import StructureEvent
from tests.databases import migrated_database, migrated_file
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Container, ImportRun, Organization, Workspace
from workspaces.services.imports.importing import apply_import
from workspaces.services.plans.runs import fail_run, open_run
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.undo.undoing import apply_undo


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="it takes a database of its own; SQLite's half shows this")
def test_every_migration_can_be_taken_back_and_made_again(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> None:
    with migrated_file(tmp_path / "site.sqlite3", unblock=django_db_blocker.unblock) as database:
        for target in (["workspaces", "zero"], ["audit", "zero"], []):
            database.ask(call_command, "migrate", *target, interactive=False, verbosity=0)
        database.ask(call_command, "migrate", check_unapplied=True, verbosity=0)


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one table")
def test_events_stay_what_they_are_in_ranges_and_out_of_them(
    tmp_path: Path, django_db_setup: None, django_db_blocker: Any
) -> None:
    with migrated_database(tmp_path, unblock=django_db_blocker.unblock) as database:
        told: list[Any] = []
        database.ask(sql, "CREATE ROLE reader_of_events")
        database.ask(sql, "GRANT SELECT ON structure_events TO reader_of_events")
        database.ask(sql, "GRANT USAGE ON SEQUENCE structure_events_id_seq TO reader_of_events")
        for target in ("0002", "0003", "0002", "0003"):
            database.ask(call_command, "migrate", "audit", target, verbosity=0)
            database.ask(emit, [Event(event_type=target, organization="acme", actor="alice")])
            rows = database.ask(lambda: list(StructureEvent.objects.order_by("id").values()))
            assert rows[:-1] == told
            assert [row["id"] for row in rows] == list(range(1, len(rows) + 1))
            told = rows
            with pytest.raises(DatabaseError, match="append-only"):
                database.ask(StructureEvent.objects.update, actor="mallory")
            assert database.ask(indexes) == indexes_of_the_model()
            assert database.ask(sql, RIGHTS) == [(True, False, True)]
        database.ask(sql, "DROP OWNED BY reader_of_events")
        database.ask(sql, "DROP ROLE reader_of_events")


RIGHTS = """
    SELECT has_table_privilege('reader_of_events', 'structure_events', 'SELECT'),
        has_table_privilege('reader_of_events', 'structure_events', 'INSERT'),
        has_sequence_privilege('reader_of_events', 'structure_events_id_seq', 'USAGE')
"""


def sql(statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def indexes() -> set[str]:
    names = sql("SELECT indexname FROM pg_indexes WHERE tablename = 'structure_events'")
    return {name for (name,) in names} - {"structure_events_pkey"}


def indexes_of_the_model() -> set[str]:
    return {index.name for index in StructureEvent._meta.indexes}


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


@pytest.mark.parametrize(
    ("external", "declared", "url", "parted"),
    [
        (False, "http://said", "http://said", ("http://said", "")),
        (False, "http://said", "http://agent", ("http://said", "http://agent")),
        (True, "http://said", "http://agent", ("http://said", "http://agent")),
        (False, None, "http://agent", ("", "http://agent")),
        (True, None, "http://by-hand", ("http://by-hand", "")),
    ],
)
def test_an_address_of_before_is_its_agents_or_its_templates(
    organization: Organization, external: bool, declared: str | None, url: str, parted: tuple[str, str]
) -> None:
    said = None if declared is None else {"url": declared}
    made = {"organization": organization, "created_at": timezone.now(), "updated_at": timezone.now()}
    key = Workspace.objects.create(name="Dev", external=external, url=url, declared=said, **made).pk
    migration = import_module("workspaces.migrations.0008_moves_and_updates")
    migration.part_addresses(apps, None)
    assert Workspace.objects.filter(pk=key).values_list("url", "reported_url").get() == parted
    migration.join_addresses(apps, None)
    assert Workspace.objects.get(pk=key).url == url


def test_ways_back_are_forgotten_and_found_again(
    tmp_path: Path, django_db_blocker: DjangoDbBlocker, settings: Any
) -> None:
    """Before 0010 there were no undos, and a removed workspace did not know its run."""
    settings.ORGSITE_ENGINE = "docker"
    with migrated_database(tmp_path, unblock=django_db_blocker.unblock) as database:
        removal = database.ask(removed_undone_and_removed_again)
        for target in ("0009", "0010"):
            database.ask(call_command, "migrate", "workspaces", target, verbosity=0)
        gone = database.ask(lambda: list(Workspace.objects.values_list("status", "removed_by")))
        assert gone == [("removed", removal)]
        assert database.ask(lambda: list(ImportRun.objects.order_by("number").values_list("mode", flat=True))) == [
            "merge", "remove", "remove",
        ]  # fmt: skip
        assert database.ask(lambda: Container.objects.values_list("purge_at", "due_at").get())[0] is None


def removed_undone_and_removed_again() -> Any:
    actor, organization = Actor(name="alice"), Organization.objects.create(slug="acme", name="Acme")
    apply_import(organization, loaded({"PM": {}}), mode=Mode.MERGE, actor=actor)
    root = Workspace.objects.get().pk
    apply_undo(cascade_delete([root], actor=actor).runs[0], actor=actor)
    return cascade_delete([root], actor=actor).runs[0].pk
