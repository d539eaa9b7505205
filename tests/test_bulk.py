"""Set-based SQL on both databases: values come back as they went in, and what does not fit is refused."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from audit.models import StructureEvent
from lib.bulk import as_array, insert_rows
from lib.bulk_update import update_rows
from tests.trees import BEFORE, loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Organization, Schedule, Workspace
from workspaces.services.imports.importing import apply_import
from workspaces.services.plans.execution import WORKSPACE_FIELDS

ODD = {"empty": "", "null": None, "text": "ß ‹é› 🧑\u200d🚀 \\ \" ' {} %s", "list": [1, 2.5, True, {"deep": []}]}


@pytest.fixture
def tree(organization: Organization, actor: Actor) -> Organization:
    apply_import(organization, loaded(BEFORE), mode=Mode.MERGE, actor=actor)
    return organization


def insert(organization: Organization, **values: object) -> None:
    now = timezone.now()
    usual = dict.fromkeys(WORKSPACE_FIELDS, "") | {
        "id": uuid4(), "parent": None, "name": "PM", "tier": 2, "status": "online", "external": True, "spec": {},
        "files": None,
    }  # fmt: skip
    same = {"organization": organization.pk, "protected": False, "created_at": now, "updated_at": now}
    alike = {name: values.pop(name, value) for name, value in same.items()}
    insert_rows(Workspace, WORKSPACE_FIELDS, [list({**usual, **values}.values())], same=alike)


def test_values_come_back_as_they_went_in(organization: Organization) -> None:
    now = timezone.now()
    insert(organization, role=ODD["text"], spec=ODD, created_at=now)
    stored = Workspace.objects.get()
    assert (stored.role, stored.spec, stored.parent_id) == (ODD["text"], ODD, None)
    assert (stored.created_at, stored.external, stored.protected) == (now, True, False)
    assert (stored.removed_at, stored.last_heartbeat_at) == (None, None)


def test_values_that_all_rows_share_come_back_as_they_went_in(db: None) -> None:
    run, now = uuid4(), timezone.now()
    same = {"payload": ODD, "import_id": run, "workspace_id": None, "actor": ODD["text"], "created_at": now}
    insert_rows(StructureEvent, ("event_type", "organization"), [("first", "acme"), ("second", "acme")], same=same)
    rows = StructureEvent.objects.values_list("payload", "import_id", "workspace_id", "actor", "created_at")
    assert list(rows) == [(ODD, run, None, ODD["text"], now)] * 2


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has no arrays")
def test_an_array_of_any_text_comes_back_as_it_went_in(db: None) -> None:
    texts = [ODD["text"], "", "NULL", "a,b", "{}", '"', "\\", " spaces ", None]
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[]", [as_array(texts)])
        assert cursor.fetchone() == (texts,)


def test_no_rows_are_no_statement(organization: Organization, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        insert_rows(Workspace, WORKSPACE_FIELDS, [])


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has no lengths")
def test_text_that_is_too_long_is_refused_and_never_cut(organization: Organization) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        insert(organization, name="x" * 256)
    insert(organization, name="x" * 255)
    assert not Workspace.objects.filter(name__one_of=["x" * 300]).exists()


def test_one_of_finds_what_in_finds(tree: Organization) -> None:
    names = ["PM", "QA Engineer", "nobody"]
    ids = list(Workspace.objects.filter(name__in=names).values_list("pk", flat=True))
    assert set(Workspace.objects.filter(name__one_of=names)) == set(Workspace.objects.filter(pk__one_of=ids))
    assert Workspace.objects.exclude(pk__one_of=ids).count() == 7
    assert Workspace.objects.filter(parent__one_of=ids).count() == 1
    assert not Workspace.objects.filter(pk__one_of=[]).exists()
    assert not Schedule.objects.filter(workspace__name__one_of=names).exists()


def test_one_of_takes_more_ids_than_a_statement_has_placeholders(tree: Organization) -> None:
    ids = [uuid4() for _ in range(40_000)]
    assert not Workspace.objects.filter(pk__one_of=ids).exists()


def test_a_cycle_in_the_rows_ends_every_walk(tree: Organization) -> None:
    pm, lead = Workspace.objects.get(name="PM"), Workspace.objects.get(name="Infra Lead")
    Workspace.objects.filter(pk=pm.pk).update(parent=lead)
    assert len(Workspace.objects.live_subtree([pm.pk])) == 9
    assert Workspace.objects.names_above([lead.pk])[lead.pk] == ("PM",)
    assert connection.in_atomic_block


def test_rows_get_values_of_their_own_and_all_others_stay(tree: Organization) -> None:
    first, second, *others = Workspace.objects.order_by("id")
    rows = [(first.pk, ODD["text"], ODD, None, 1), (second.pk, "", {}, first.pk, 4)]
    moment = timezone.now()
    update_rows(Workspace, ("role", "spec", "parent", "tier"), rows, same={"updated_at": moment, "external": True})
    fields = ("role", "spec", "parent_id", "tier", "updated_at", "external")
    stored = {row[0]: row[1:] for row in Workspace.objects.values_list("pk", *fields)}
    assert stored[first.pk] == (ODD["text"], ODD, None, 1, moment, True)
    assert stored[second.pk] == ("", {}, first.pk, 4, moment, True)
    assert all(stored[row.pk] == tuple(getattr(row, name) for name in fields) for row in others)


def test_an_update_of_no_rows_is_none(tree: Organization, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        update_rows(Workspace, ("role",), [])
