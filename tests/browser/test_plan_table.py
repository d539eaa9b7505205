"""Reading a plan: fold, find, only what changes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import Office
from tests.browser.screen import preview, row
from tests.browser.templates import declaring
from tests.trees import Tree

LIVE: Tree = {"PM": {"Design": {"Ann": {}, "Ben": {}}, "Build": {"Cleo": {}}}}
WANTED: Tree = {"PM": {"Design": {"Ann": {}, "Ben": {}}, "Build": {"Cleo": {}, "Dan": {}}}}


@pytest.fixture
def plan(page: Page, office: Office) -> Page:
    """Seven workspaces: Dan is new, below Build; nothing changes below Design."""
    office.merge(LIVE)
    preview(page, declaring(WANTED))
    return page


def rows(page: Page) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader"))


def test_what_does_not_change_is_folded_at_first_and_says_how_much(plan: Page) -> None:
    expect(row(plan, "Ann", under="PM › Design")).to_have_count(0)
    expect(row(plan, "Design", under="PM")).to_contain_text("+ 2 below, all unchanged")
    expect(row(plan, "Dan", under="PM › Build")).to_be_visible()


def test_everything_unfolds_and_folds_again(plan: Page) -> None:
    plan.get_by_role("button", name="Expand all").click()
    expect(rows(plan)).to_have_count(7)
    plan.get_by_role("button", name="Collapse unchanged").click()
    expect(rows(plan)).to_have_count(5)


def test_one_subtree_unfolds_by_its_own_button(plan: Page) -> None:
    button = plan.get_by_role("button", name="Subtree of Design")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(row(plan, "Ann", under="PM › Design")).to_be_visible()


def test_only_changes_leaves_the_changes_and_what_they_stand_below(plan: Page) -> None:
    plan.get_by_role("button", name="Expand all").click()
    plan.get_by_label(re.compile("Only changes")).check()
    expect(rows(plan)).to_have_count(3)
    expect(row(plan, "Dan", under="PM › Build")).to_be_visible()


def test_find_keeps_what_matches_and_its_ancestors(plan: Page) -> None:
    plan.get_by_label("Find").fill("ann")
    expect(rows(plan)).to_have_count(3)
    expect(row(plan, "Ann", under="PM › Design")).to_be_visible()
    expect(plan.get_by_role("status").filter(has_text="1 matching")).to_be_visible()


def test_a_link_to_the_twin_unfolds_and_shows_it(page: Page, office: Office) -> None:
    office.merge({"PM": {"Ann": {}, "Design": {"Group": {"Ann": {}}}}})
    preview(page, declaring({"PM": {"Design": {"Group": {"Ann": {}}}}}))
    twin = row(page, "Ann", under="PM › Design › Group")
    expect(twin).to_have_count(0)
    row(page, "Ann", under="PM").get_by_role("link").click()
    expect(twin).to_be_in_viewport()
