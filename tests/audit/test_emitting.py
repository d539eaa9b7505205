"""An event is written, or logged whole: it never fails the caller."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection, transaction

from audit.emitting import Event, emit
from audit.models import StructureEvent
from tests.trees import REPLACING, loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.errors import OrgError
from workspaces.models import Organization
from workspaces.services.imports.importing import apply_import
from workspaces.services.removal.cascading import cascade_delete

ODD = Event(event_type="workspace.removed", organization="acme", actor="alice", payload={"name": "Göteborg 🚀"})


@pytest.fixture
def no_table(db: None) -> None:
    """The events' table is away; the test's own transaction brings it back."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE structure_events RENAME TO elsewhere")


def test_what_is_emitted_stands_in_the_table(db: None) -> None:
    run, workspace = uuid4(), uuid4()
    emit(
        [Event(event_type="workspace.online", organization="acme", actor="bob", workspace_id=workspace, import_id=run)]
    )
    row = StructureEvent.objects.get()
    assert (row.event_type, row.organization, row.actor) == ("workspace.online", "acme", "bob")
    assert (row.workspace_id, row.import_id, row.payload) == (workspace, run, {})
    assert row.created_at is not None


def test_many_events_are_one_insert_with_increasing_ids(db: None, django_assert_num_queries) -> None:
    events = [Event(event_type="workspace.online", organization="acme", actor=str(n)) for n in range(500)]
    with django_assert_num_queries(3):  # savepoint, insert, release
        emit(events)
    rows = StructureEvent.objects.order_by("id").values_list("actor", flat=True)
    assert list(rows) == [str(n) for n in range(500)]


def test_emitting_nothing_writes_nothing(db: None) -> None:
    emit([])
    assert not StructureEvent.objects.exists()


def test_a_lost_event_is_logged_with_its_whole_payload(no_table: None, caplog: pytest.LogCaptureFixture) -> None:
    emit([ODD])
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert '"name": "G\\u00f6teborg' in record.getMessage()
    assert '"workspace.removed"' in record.getMessage()
    assert "lacks a table" in record.getMessage()  # why, in one line


def test_a_lost_event_leaves_the_transaction_around_it_usable(organization: Organization, no_table: None) -> None:
    with transaction.atomic():
        emit([ODD])
        Organization.objects.filter(pk=organization.pk).update(name="Changed")
    organization.refresh_from_db()
    assert organization.name == "Changed"


def test_an_import_whose_events_are_lost_still_imports(
    organization: Organization, actor: Actor, no_table: None, caplog: pytest.LogCaptureFixture
) -> None:
    apply_import(organization, loaded({"PM": {"Lead": {}}}), mode=Mode.MERGE, actor=actor)
    assert organization.workspaces.live().count() == 2
    assert {record.levelname for record in caplog.records} == {"ERROR"}
    assert "org.import.completed" in caplog.text


@pytest.mark.parametrize(
    "refused",
    [
        Event(event_type=None, organization="acme", actor="alice", payload={"name": "no type"}),
        Event(event_type="x", organization="acme", actor="alice", payload={"name": "no JSON", "at": uuid4()}),
        Event(event_type="x", organization="acme", actor="alice", payload={"name": "half a character \ud800"}),
    ],
    ids=["null", "no json", "surrogate"],
)
def test_what_the_database_refuses_is_logged_and_swallowed(db: None, refused: Event, caplog) -> None:
    emit([refused])
    assert refused.payload["name"].split(" ")[0] in caplog.text
    assert not StructureEvent.objects.exists()


@pytest.mark.parametrize(
    "refused",
    [
        Event(event_type="x", organization="acme", actor="alice", payload={"name": "NUL \x00"}),
        Event(event_type="x", organization="acme", actor="NUL \x00", payload={"name": "NUL"}),
    ],
    ids=["nul in payload", "nul in actor"],
)
def test_what_only_postgresql_refuses_is_swallowed_too(organization: Organization, refused: Event, caplog) -> None:
    with transaction.atomic():
        emit([refused])
        assert Organization.objects.filter(pk=organization.pk).exists()
    if connection.vendor == "postgresql":
        assert refused.payload["name"].split(" ")[0] in caplog.text


def test_one_refused_event_does_not_stay_half_written(db: None, caplog) -> None:
    emit([ODD, Event(event_type=None, organization="acme", actor="alice")])
    assert not StructureEvent.objects.exists()
    assert "2 structure events" in caplog.text


def test_a_completed_import_says_so_with_an_empty_error(organization: Organization, actor: Actor) -> None:
    apply_import(organization, loaded({"PM": {}}), mode=Mode.MERGE, actor=actor)
    begun, *_, ended = StructureEvent.objects.order_by("id")
    assert (begun.event_type, begun.payload["name"]) == ("org.import.started", "Dev team")
    assert (ended.event_type, ended.payload["error"]) == ("org.import.completed", "")
    assert begun.import_id == ended.import_id


def test_a_failed_import_says_why(organization: Organization, actor: Actor) -> None:
    apply_import(organization, loaded({"A": {"X": {}, "Y": {}}}), mode=Mode.MERGE, actor=actor)
    with pytest.raises(OrgError) as refusal:
        apply_import(organization, loaded({"B": {"A": {}}}), mode=Mode.RECONCILE, options=REPLACING, actor=actor)
    ended = StructureEvent.objects.latest("id")
    assert ended.event_type == "org.import.failed"
    assert ended.payload["error"] == str(refusal.value)


def test_a_cascade_delete_says_for_each_workspace_what_and_why(organization: Organization, actor: Actor) -> None:
    apply_import(organization, loaded({"A": {"X": {}}}), mode=Mode.MERGE, actor=actor)
    cascade_delete([organization.workspaces.get(name="A").pk], actor=actor, reason="no longer needed")
    removed = StructureEvent.objects.filter(event_type="workspace.removed").order_by("id")
    assert {row.payload["name"]: row.payload["why"] for row in removed} == {
        "A": "no longer needed",
        "X": "below a removed workspace: no longer needed",
    }
