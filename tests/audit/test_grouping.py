"""Events as rows of the timeline: days, minutes, bursts. Pure: no database."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from audit.models import StructureEvent
from tests.audit.events import (
    CREATED,
    FAILED,
    ONLINE,
    REMOVED,
    completed,
    event,
    numbered,
    reconciled,
    started,
    when,
)
from workspaces.admin.timeline.grouping import Day, TimelineEntry, anchor, days_of
from workspaces.admin.timeline.import_numbers import duration


def days(*events: StructureEvent, **more) -> tuple[Day, ...]:
    return days_of(numbered(*events), **{"names": {"acme": "Acme"}, **more})


def entries(*events: StructureEvent, **more) -> tuple[TimelineEntry, ...]:
    """The rows of events of one minute."""
    ((minute,),) = [day.minutes for day in days(*events, **more)]
    return minute.entries


def test_events_stand_under_their_day_and_minute() -> None:
    found = days(
        started(), completed(), event(REMOVED, "20:15:00", of="A"), event(REMOVED, "2026-05-13 08:00:00", of="B")
    )
    assert [(day.date.day, [(f"{m.start:%H:%M}", m.count) for m in day.minutes]) for day in found] == [
        (12, [("20:13", 2), ("20:15", 1)]),
        (13, [("08:00", 1)]),
    ]


def test_the_minute_that_is_asked_for_is_marked() -> None:
    (day,) = days(started(), event(REMOVED, "20:15:00", of="A"), asked=when("20:13"))
    assert [minute.asked for minute in day.minutes] == [True, False]


def test_days_and_minutes_are_those_of_the_sites_zone() -> None:
    with timezone.override(ZoneInfo("Asia/Kolkata")):
        (day,) = days(started("20:13:02"))
    assert f"{day.date} {day.minutes[0].start:%H:%M}" == "2026-05-13 01:43"


def test_the_hour_that_a_clock_change_repeats_keeps_its_anchors_apart() -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert anchor(when("2026-10-25 00:30:00")) == "m-20261025-0230"
        assert anchor(when("2026-10-25 01:30:00")) == "m-20261025-0230b"


def test_a_burst_of_one_type_and_run_is_one_row() -> None:
    burst = [
        event(kind, "20:13:04", of=f"W{n}", run="merge", why="import") for n in range(8) for kind in (CREATED, ONLINE)
    ]
    begun, created, online, ended = entries(started(), *burst, completed())
    assert [created.total, created.kind.verb, created.when] == ["8 workspaces", "created", "20:13:04"]
    assert (created.why, online.total) == ("import", "8 workspaces")
    assert not begun.is_burst
    assert ended.tiles


def test_a_burst_tells_from_when_to_when() -> None:
    (row,) = entries(*(event(ONLINE, f"20:13:0{n}", of=f"W{n}") for n in range(4, 8)))
    assert row.when == "20:13:04 to 20:13:07"


def test_two_of_a_kind_stand_one_by_one() -> None:
    assert [row.is_burst for row in entries(event(ONLINE, of="A"), event(ONLINE, of="B"))] == [False, False]


def test_two_acts_by_hand_in_one_minute_stay_apart() -> None:
    first = [event(REMOVED, "20:13:04", of=f"A{n}") for n in range(3)]
    second = [event(REMOVED, "20:13:40", of=f"B{n}") for n in range(4)]
    assert [row.total for row in entries(*first, *second)] == ["3 workspaces", "4 workspaces"]


def test_removals_lie_open_while_they_fit() -> None:
    (few,) = entries(*(event(REMOVED, of=f"W{n}") for n in range(20)))
    (many,) = entries(*(event(REMOVED, of=f"W{n}") for n in range(21)))
    assert (few.is_open, many.is_open) == (True, False)


def test_a_workspace_that_repeats_is_counted_once() -> None:
    (row,) = entries(*(event("workspace.release_failed", of="A", why="volume in use") for _ in range(4)))
    assert row.total == "1 workspace, 4 times"


def test_rows_stay_in_the_order_of_time() -> None:
    rows = entries(
        event(ONLINE, "20:13:01", of="A"), event(REMOVED, "20:13:02", of="B"), event(ONLINE, "20:13:03", of="C")
    )
    assert [row.lines[0].name for row in rows] == ["A", "B", "C"]


def test_a_row_says_where_its_workspace_hung() -> None:
    (row,) = entries(event(REMOVED, of="QA", why="deleted", path=["PM", "Dev Lead", "QA"]))
    assert (row.lines[0].above, row.lines[0].why) == ("PM › Dev Lead", "deleted")


def test_the_organization_is_named_only_where_there_are_several() -> None:
    assert entries(started())[0].organization == ""
    rows = entries(started(), started(organization="beta", run="other"))
    assert [row.organization for row in rows] == ["Acme", "beta"]


def test_a_completed_import_has_its_tiles() -> None:
    (row,) = entries(completed())
    assert ", ".join(f"{tile.label} {tile.value}" for tile in row.tiles) == (
        "mode merge, created 8, kept 1, removed 0, collateral 0, left running 8, live 9 → 17, warnings 3, errors 0, "
        "duration 42.1 s"
    )
    assert row.headline == "merge done: +8 =1 -0, 8 duplicates left running"


def test_only_numbers_that_matter_have_colour() -> None:
    (row,) = entries(reconciled(collateral_count=2))
    assert {tile.label: tile.kind for tile in row.tiles if tile.kind} == {
        "removed": "remove",
        "collateral": "collateral",
    }


def test_a_failed_import_shows_its_error() -> None:
    (row,) = entries(event(FAILED, run="merge", mode="merge", dir="dev.yaml", error="interrupted"))
    assert row.headline == "merge of dev.yaml failed: interrupted"


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [(0, "0.0 s"), (400, "0.4 s"), (42_100, "42.1 s"), (126_000, "2 min 6 s"), (3_780_000, "1 h 3 min")],
)
def test_durations_are_told_in_fitting_units(milliseconds: int, words: str) -> None:
    assert duration(milliseconds) == words
