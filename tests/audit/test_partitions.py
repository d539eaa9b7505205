"""The table of events in ranges of ids, on PostgreSQL: each month has its own, and none of them takes a change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from audit.models import StructureEvent
from audit.partitions import REST, TABLE, Range, begin_month, first_id, make_ranges, next_month, ranges
from bench.scratch import connect
from tests.audit.events import ONLINE, REMOVED, event, write
from workspaces.services.upkeep.housekeeping import prepare_event_ranges

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one table"),
]
SOON, LATER = date(2031, 4, 30), date(2031, 5, 2)


@pytest.fixture(autouse=True)
def _sequence_goes_back(db: None) -> Iterator[None]:
    """A rollback leaves a sequence where it is."""
    (sequence,) = ask(f"SELECT pg_get_serial_sequence('{TABLE}', 'id')")[0]
    place = ask(f"SELECT last_value, is_called FROM {sequence}")[0]
    yield
    ask("SELECT setval(%s, %s, %s)", sequence, *place)


def ask(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def part_of(row: StructureEvent) -> str:
    return ask(f"SELECT tableoid::regclass::text FROM {TABLE} WHERE id = %s", row.pk)[0][0]


def newest() -> StructureEvent:
    return StructureEvent.objects.latest("id")


def made() -> list[Range]:
    with connection.cursor() as cursor:
        return ranges(cursor)


def test_there_is_a_range_for_this_month_and_the_next() -> None:
    now = ask("SELECT now()::date")[0][0]
    for month in (now, next_month(now)):
        assert any(each.low <= first_id(month) < each.high for each in made())


def test_a_month_s_ranges_are_made_once() -> None:
    assert make_ranges(connection, SOON) == ("structure_events_2031_04", "structure_events_2031_05")
    assert make_ranges(connection, LATER) == ("structure_events_2031_06",)
    assert make_ranges(connection, LATER) == ()


def test_when_a_month_begins_its_events_come_into_its_range() -> None:
    write(event(ONLINE, of="PM"))
    before = newest()
    make_ranges(connection, SOON)
    assert begin_month(connection, SOON)
    assert not begin_month(connection, SOON)
    write(event(ONLINE, of="PM"))
    assert before.pk < first_id(SOON) < newest().pk
    assert part_of(newest()) == "structure_events_2031_04"
    assert not begin_month(connection, date(2031, 3, 1))


def test_a_month_whose_range_was_never_made_goes_on_where_it_was() -> None:
    assert not begin_month(connection, date(2090, 1, 1))


def test_what_fits_into_no_range_is_kept_all_the_same() -> None:
    row = event(ONLINE, of="PM")
    row.pk = first_id(date(2099, 1, 1))
    write(row)
    assert part_of(row) == REST
    assert make_ranges(connection, SOON)


def test_housekeeping_keeps_what_is_there() -> None:
    before = made()
    prepare_event_ranges()
    assert made() == before


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize("change", ["UPDATE {} SET actor = 'mallory'", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("whole", [True, False], ids=["the table", "its part"])
def test_nothing_in_any_part_can_be_changed(change: str, role: str, whole: bool) -> None:
    make_ranges(connection, SOON)
    begin_month(connection, SOON)
    write(event(REMOVED, of="PM"))
    ask(f"SET LOCAL session_replication_role = {role}")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ask(change.format(TABLE if whole else "structure_events_2031_04"))
    assert newest().actor == "alice"


def test_a_part_that_is_taken_off_still_refuses() -> None:
    make_ranges(connection, SOON)
    begin_month(connection, SOON)
    write(event(REMOVED, of="PM"))
    ask(f"ALTER TABLE {TABLE} DETACH PARTITION structure_events_2031_04")
    for change in ("UPDATE {} SET actor = 'mallory'", "DELETE FROM {}", "TRUNCATE {}"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            ask(change.format("structure_events_2031_04"))


def test_who_writes_has_a_lock_on_the_table_that_the_stream_asks_for() -> None:
    write(event(ONLINE, of="PM"))
    locks = "SELECT mode FROM pg_locks WHERE relation = 'structure_events'::regclass AND pid = pg_backend_pid()"
    assert ("RowExclusiveLock",) in ask(locks)


def test_another_role_than_the_owner_makes_none() -> None:
    ask("CREATE ROLE guest_of_events")
    ask("SET LOCAL ROLE guest_of_events")
    try:
        assert make_ranges(connection, SOON) == ()
        assert not begin_month(connection, SOON)
    finally:
        ask("RESET ROLE")


def test_a_key_is_refused_twice_in_every_part() -> None:
    make_ranges(connection, SOON)
    row = event(ONLINE, of="PM")
    row.pk = first_id(SOON)
    write(row)
    with pytest.raises(DatabaseError), transaction.atomic():
        write(row)


@pytest.mark.django_db(transaction=True)
def test_a_busy_table_is_left_for_a_later_round(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    then = datetime(2031, 4, 30, tzinfo=UTC)
    monkeypatch.setattr("workspaces.services.upkeep.housekeeping.database_now", lambda: then)
    monkeypatch.setattr("audit.partitions.PATIENCE", 50)
    before = made()
    with connect() as writer, caplog.at_level("INFO"):
        writer.execute("BEGIN")
        writer.execute("LOCK TABLE structure_events IN ROW EXCLUSIVE MODE")
        prepare_event_ranges()
    assert made() == before
    assert "in a later round" in caplog.text
