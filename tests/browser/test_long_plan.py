"""A plan of ten thousand rows: the browser holds a page of it, and every row can be reached."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.people import Office
from tests.browser.screen import heading, row, rows
from tests.sites import Site
from tests.trees import Tree

TEAMS: Tree = {f"Team {team:02}": {f"W{team:02}-{number:02}": {} for number in range(99)} for team in range(50)}
PAGE, FEW = 500, 20  # rows, and those above the first one


@pytest.fixture(scope="package")
def carla_and_plan(site: Site) -> tuple[User, str]:
    """5,000 workspaces are live twice, and those at the other root go."""
    office = Office(site)
    office.merge({"Old": TEAMS, "New": TEAMS})
    carla = office.hire("carla", "Operator")
    return carla, f"/admin/import/{office.preview({'Old': {}, 'New': TEAMS}, by=carla)}/"


@pytest.fixture
def plan(carla_and_plan: tuple[User, str], sign_in: Open) -> Page:
    carla, address = carla_and_plan
    page = sign_in(carla)
    page.goto(address)
    expect(heading(page)).to_contain_text("Preview:")
    return page


def test_it_begins_with_a_page_and_says_what_is_further_below(plan: Page) -> None:
    assert PAGE <= rows(plan).count() <= PAGE + FEW
    expect(plan.get_by_role("cell", name=re.compile("Rows 1 to 500 of 5,001 are here"))).to_be_visible()
    expect(plan.get_by_role("region", name="Reconcile")).to_contain_text("5,000")


def test_further_rows_come_when_they_are_asked_for_and_none_is_there_twice(plan: Page) -> None:
    plan.get_by_role("link", name="Show the next 500").click()
    expect(plan.get_by_role("status").filter(has_text="500 more rows")).to_be_visible()
    assert 2 * PAGE <= rows(plan).count() <= 2 * PAGE + FEW
    ids = rows(plan).evaluate_all("rows => rows.map((row) => row.id)")
    assert len(set(ids)) == len(ids)


def test_find_reaches_a_row_far_below_the_first_page(plan: Page) -> None:
    expect(row(plan, "W49-98", under="New › Team 49")).to_have_count(0)
    plan.get_by_label("Find").fill("w49-98")
    plan.get_by_label("Find").press("Enter")
    expect(row(plan, "W49-98", under="New › Team 49")).to_be_visible()
    expect(row(plan, "W49-98", under="Old › Team 49")).to_be_visible()
    assert rows(plan).count() <= FEW


def test_a_subtree_folds_and_unfolds(plan: Page) -> None:
    before = rows(plan).count()
    plan.get_by_role("button", name="Subtree of Team 00").first.click()
    expect(rows(plan)).to_have_count(before - 99)
    plan.get_by_role("button", name="Expand all").click()
    expect(rows(plan)).to_have_count(before)
