"""The mark of an event: the same for the same event, another one for any other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from workspaces.core.containers.epoch_mark import epoch_of, event_id

ZEROS = "0" * 32
EVENT: dict[str, Any] = {
    "id": 7,
    "event_type": "workspace.online",
    "organization": "acme",
    "workspace_id": UUID(int=1),
    "import_id": None,
    "actor": "worker",
    "payload": {"name": "PM", "why": "its container runs"},
    "created_at": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
}


def test_it_begins_with_the_id_and_is_short_enough_for_any_label() -> None:
    assert epoch_of(EVENT).startswith("7:")
    assert len(epoch_of({**EVENT, "id": 2**63 - 1})) < 64


def test_it_stays_the_same_for_as_long_as_containers_run() -> None:
    """Labels are compared years later: another way to make them would call every database foreign."""
    assert epoch_of(EVENT) == "7:31f4770696022dc78c22076a6827eae7"


@pytest.mark.parametrize(
    "change",
    [
        {"id": 8},
        {"event_type": "workspace.failed"},
        {"organization": "acm"},
        {"workspace_id": None},
        {"import_id": UUID(int=2)},
        {"actor": "alice"},
        {"payload": {"name": "PM"}},
        {"created_at": EVENT["created_at"] + timedelta(microseconds=1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_differs_makes_another_one(change: dict[str, Any]) -> None:
    assert epoch_of({**EVENT, **change}) != epoch_of(EVENT)


def test_the_order_of_keys_and_the_zone_of_the_clock_make_no_difference() -> None:
    payload = {"why": "its container runs", "name": "PM"}
    moment = EVENT["created_at"].astimezone(timezone(timedelta(hours=5)))
    assert epoch_of({**EVENT, "payload": payload, "created_at": moment}) == epoch_of(EVENT)


def test_it_names_its_event() -> None:
    assert event_id(epoch_of(EVENT)) == 7


@pytest.mark.parametrize(
    "label",
    [
        "", "7", "7:", ":abc", f"x:{ZEROS}", f"0:{ZEROS}", f"-7:{ZEROS}", f"7:{'g' * 32}", f"7:{ZEROS[1:]}",
        f"{'9' * 19}:{ZEROS}", f"{'9' * 400}:{ZEROS}", f"7:{ZEROS}\n", f"\u0667:{ZEROS}",
    ],
)  # fmt: skip
def test_what_is_no_mark_of_ours_names_none(label: str) -> None:
    assert event_id(label) is None
