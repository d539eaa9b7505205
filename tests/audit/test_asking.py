"""What stands in the address becomes a question, or a message; nothing is guessed."""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from tests.audit.events import key, when
from workspaces.admin.timeline.event_queries import Question
from workspaces.admin.timeline.timeline_form import QuestionForm, span_of

NAMES = {"acme": "Acme", "beta": "Beta"}


def asked(*, sees_all: bool = False, **parameters: str) -> Question:
    form = QuestionForm(parameters, organizations=NAMES, sees_all=sees_all)
    assert form.is_valid(), form.errors
    return form.question()


def wrong(**parameters: str) -> dict[str, str]:
    """Field → message."""
    form = QuestionForm(parameters, organizations=NAMES, sees_all=True)
    assert not form.is_valid()
    return {field: " ".join(messages) for field, messages in form.errors.items()}


def span(at: str, window: int) -> str:
    found = span_of(date(2026, 5, 12), time.fromisoformat(at), window)
    return f"{found.start:%H:%M} to {found.end:%H:%M}"


def test_without_parameters_the_latest_events_of_ones_own_organizations_are_asked_for() -> None:
    assert asked() == Question(organizations=("acme", "beta"))
    assert asked(sees_all=True) == Question(organizations=None)


def test_every_filter_becomes_part_of_the_question() -> None:
    workspace, run = key("PM"), key("merge")
    question = asked(
        org="acme", type="workspace.*", import_id=str(run), actor=" bob ", workspace=str(workspace), order="oldest"
    )
    assert question == Question(
        organizations=("acme",),
        event_type="workspace.*",
        import_id=run,
        actor="bob",
        workspaces=(workspace,),
        oldest_first=True,
    )


@pytest.mark.parametrize(
    ("at", "window", "shown"),
    [
        ("20:13", 5, "20:11 to 20:16"),
        ("20:13", 25, "20:10 to 20:35"),
        ("20:10", 25, "20:05 to 20:30"),
        ("20:13", 60, "20:10 to 21:10"),
        ("20:13", 1, "20:13 to 20:14"),
        ("20:13", 1440, "00:00 to 00:00"),
        ("00:00", 5, "23:58 to 00:03"),
    ],
)
def test_a_window_begins_a_little_before_the_minute(at: str, window: int, shown: str) -> None:
    assert span(at, window) == shown


@pytest.mark.parametrize("minute", ["20:00", "20:04", "20:13", "20:59"])
def test_every_window_contains_its_minute(minute: str) -> None:
    for window in range(1, 1441):
        found = span_of(date(2026, 5, 12), time.fromisoformat(minute), window)
        assert found.start <= when(minute) < found.end, window


def test_a_day_without_a_time_is_the_whole_day_oldest_first() -> None:
    question = asked(day="2026-05-12", window="5")
    assert (question.span.start, question.span.end) == (when("00:00"), when("2026-05-13 00:00:00"))
    assert question.minute is None
    assert question.oldest_first


def test_a_day_of_a_clock_change_has_25_hours() -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        found = span_of(date(2026, 10, 25), None, 25)
    assert (found.end - found.start).total_seconds() == 25 * 60 * 60


def test_times_are_those_of_the_sites_zone() -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert asked(day="2026-05-12", at="22:13").minute == when("20:13")


def test_the_order_can_be_turned() -> None:
    assert not asked(day="2026-05-12", order="newest").oldest_first
    assert asked(order="oldest").oldest_first


@pytest.mark.parametrize(
    "day", ["12.5.2026", "2026-5-12", "2026-02-30", "0001-01-01", "9999-12-31", "٢٠٢٦-٠٥-١٢", "today"]
)
def test_a_day_that_is_none_is_a_message(day: str) -> None:
    assert "day" in wrong(day=day, at="00:00")


@pytest.mark.parametrize("at", ["8:13", "24:00", "20:60", "20.13", "8pm", "20:1"])
def test_a_time_that_is_none_is_a_message(at: str) -> None:
    assert wrong(day="2026-05-12", at=at) == {"at": "Write the time as HH:MM from 00:00 to 23:59, for example 20:13."}


def test_a_time_needs_its_day() -> None:
    assert wrong(at="20:13") == {"day": "20:13 of which day? Give the day as well."}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("import_id", "142"),
        ("org", "elsewhere"),
        ("type", "workspace.%"),
        ("type", "workspace.onlin"),
        ("type", "foo.*"),
        ("type", "."),
        ("window", "0"),
        ("window", "1441"),
        ("window", "many"),
        ("order", "sideways"),
        ("format", "xml"),
        ("before", "-1"),
        ("after", str(2**63)),
        ("actor", "a\x00b"),
        ("actor", "a" * 256),
    ],
)
def test_other_nonsense_is_a_message_at_its_field(field: str, value: str) -> None:
    assert list(wrong(**{field: value})) == [field]


def test_everything_wrong_is_said_at_once() -> None:
    assert set(wrong(day="x", at="y", import_id="z", org="w")) == {"day", "at", "import_id", "org"}
