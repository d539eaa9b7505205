"""Pages neither skip nor repeat a row, forwards and backwards, also where thousands share one time."""

from __future__ import annotations

from typing import Any

import pytest

from audit.emitting import Event, emit
from tests.api.conftest import Caller
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Organization, Workspace
from workspaces.services.imports.importing import apply_import


@pytest.fixture
def many(organization: Organization, actor: Actor) -> int:
    apply_import(organization, loaded({f"W{number}": {} for number in range(25)}), mode=Mode.MERGE, actor=actor)
    return 25


def walk(caller: Caller, page: dict[str, Any], way: str) -> list[str]:
    """The ids from here on, page by page."""
    ids = []
    while page[way]:
        page = caller.get(page[way]).json()
        ids += [row["id"] for row in page["results"]]
    return ids


@pytest.mark.parametrize("size", [1, 7, 24, 25, 26])
def test_every_row_comes_once(as_alice: Caller, many: int, size: int) -> None:
    first = as_alice.get("/workspaces", page_size=size).json()
    ids = [row["id"] for row in first["results"]] + walk(as_alice, first, "next")
    assert len(ids) == len(set(ids)) == many
    assert len(first["results"]) == min(size, many)


def test_the_way_back_shows_the_same_rows(as_alice: Caller, many: int) -> None:
    pages = [as_alice.get("/workspaces", page_size=10).json()]
    while pages[-1]["next"]:
        pages.append(as_alice.get(pages[-1]["next"]).json())
    back = as_alice.get(pages[2]["previous"]).json()
    assert back["results"] == pages[1]["results"]
    first = as_alice.get(back["previous"]).json()
    assert (first["results"], first["previous"]) == (pages[0]["results"], None)
    assert as_alice.get(first["next"]).json()["results"] == pages[1]["results"]


def test_a_filter_stays_in_the_links(as_alice: Caller, many: int) -> None:
    first = as_alice.get("/workspaces", page_size=5, org="acme", status="live").json()
    assert "org=acme" in first["next"]
    assert "status=live" in first["next"]


def test_rows_that_vanish_meanwhile_skip_none_of_the_others(as_alice: Caller, many: int) -> None:
    first = as_alice.get("/workspaces", page_size=10, status="live").json()
    for row in first["results"]:
        as_alice.delete(f"/workspaces/{row['id']}")
    assert len(walk(as_alice, first, "next")) == many - 10
    assert Workspace.objects.live().count() == many - 10


def test_new_events_do_not_shift_the_pages(as_alice: Caller) -> None:
    emit([Event(event_type=f"e{number}", organization="acme", actor="alice") for number in range(9)])
    first = as_alice.get("/events", page_size=4).json()
    emit([Event(event_type="late", organization="acme", actor="alice")])
    second = as_alice.get(first["next"]).json()
    assert [row["event_type"] for row in second["results"]] == ["e4", "e3", "e2", "e1"]
    assert as_alice.get(second["previous"]).json()["results"] == first["results"]
    newer = as_alice.get(as_alice.get(second["previous"]).json()["previous"]).json()
    assert [row["event_type"] for row in newer["results"]] == ["late"]


def test_a_page_holds_a_hundred_unless_asked(as_alice: Caller) -> None:
    emit([Event(event_type="e", organization="acme", actor="alice") for _ in range(120)])
    assert len(as_alice.get("/events").json()["results"]) == 100
    assert len(as_alice.get("/events", page_size=1000).json()["results"]) == 120
