"""Once written, an event stays as it is: for the ORM, for SQL, for the admin."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from audit.models import StructureEvent
from tests.audit.events import REMOVED, event, write


@pytest.fixture
def row(db: None) -> StructureEvent:
    write(event(REMOVED, of="Infra Lead", why="deleted"))
    return StructureEvent.objects.get()


def refused(change) -> None:
    """The change raises, and the row is what it was."""
    before = list(StructureEvent.objects.values())
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change()
    assert list(StructureEvent.objects.values()) == before


def sql(statement: str, *values: object):
    def change() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)

    return change


def test_saving_a_changed_event_is_refused(row: StructureEvent) -> None:
    row.actor = "mallory"
    refused(row.save)


def test_deleting_an_event_is_refused(row: StructureEvent) -> None:
    refused(StructureEvent.objects.get().delete)
    refused(StructureEvent.objects.all().delete)


def test_updating_a_queryset_is_refused(row: StructureEvent) -> None:
    refused(lambda: StructureEvent.objects.update(actor="mallory"))


def test_updating_in_bulk_is_refused(row: StructureEvent) -> None:
    row.actor = "mallory"
    refused(lambda: StructureEvent.objects.bulk_update([row], ["actor"]))


def test_creating_over_an_existing_event_is_refused(row: StructureEvent) -> None:
    copy = StructureEvent(pk=row.pk, event_type="x", organization="acme", actor="mallory", created_at=row.created_at)
    fields = {"update_fields": ["actor"], "unique_fields": ["id"], "update_conflicts": True}
    refused(lambda: StructureEvent.objects.bulk_create([copy], **fields))


def test_updating_by_sql_is_refused(row: StructureEvent) -> None:
    refused(sql("UPDATE structure_events SET actor = %s WHERE id = %s", "mallory", row.pk))
    refused(sql("UPDATE structure_events SET created_at = created_at"))


def test_deleting_by_sql_is_refused(row: StructureEvent) -> None:
    refused(sql("DELETE FROM structure_events WHERE id = %s", row.pk))
    refused(sql("DELETE FROM structure_events"))


@pytest.mark.parametrize("verb", ["REPLACE", "INSERT OR REPLACE"])
def test_replacing_is_refused(row: StructureEvent, verb: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no REPLACE")
    columns = "id, event_type, organization, actor, payload, created_at"
    refused(sql(f"{verb} INTO structure_events ({columns}) VALUES (%s, 'x', 'acme', 'mallory', '{{}}', 'now')", row.pk))


def test_changing_the_id_onto_another_row_is_refused(row: StructureEvent) -> None:
    write(event(REMOVED, of="Dev Lead"))
    verb = "UPDATE OR REPLACE" if connection.vendor == "sqlite" else "UPDATE"
    refused(sql(f"{verb} structure_events SET id = %s WHERE id <> %s", row.pk, row.pk))


def test_truncating_is_refused(row: StructureEvent) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    refused(sql("TRUNCATE structure_events"))
    refused(sql("TRUNCATE structure_events RESTART IDENTITY CASCADE"))


def test_writing_further_events_goes_on(row: StructureEvent) -> None:
    write(event(REMOVED, of="Dev Lead"))
    assert StructureEvent.objects.latest("id").pk > row.pk
