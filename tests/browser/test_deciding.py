"""What stands between a preview and a removal: the number, the tick, and the tree as it is now."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.people import Office
from tests.browser.screen import dock, form, heading, number_box, preview
from tests.browser.templates import declaring
from tests.browser.watching import Watch
from tests.trees import AFTER, BEFORE, Tree

BOTH: Tree = {"PM": {**BEFORE["PM"], **AFTER["PM"]}}
TWICE: Tree = {"PM": {"Infra Lead": {"Scratch": {}}, "Dev Lead": {"Infra Lead": {}}}}
MOVED: Tree = {"PM": {"Dev Lead": {"Infra Lead": {}}}}


@pytest.fixture
def twice(office: Office) -> None:
    """Eight duplicates, as old as those in place."""
    office.merge(BOTH)


@pytest.fixture
def plain(sign_in: Open, alice: User) -> Page:
    """A window of alice's in which no script runs."""
    return sign_in(alice, java_script_enabled=False)


# ---- the number


@pytest.mark.parametrize("number", ["7", "80", "eight", " "])
def test_the_button_waits_for_the_right_number(page: Page, twice: None, number: str) -> None:
    preview(page, declaring(AFTER))
    button = page.get_by_role("button", name="Remove 8 workspaces")
    expect(button).to_be_disabled()
    number_box(page).fill(number)
    expect(button).to_be_disabled()
    number_box(page).fill("8")
    expect(button).to_be_enabled()
    number_box(page).fill(number)
    expect(button).to_be_disabled()


def test_without_javascript_the_server_refuses_a_wrong_number(
    plain: Page, office: Office, twice: None, watch: Watch
) -> None:
    watch.expects(400)
    preview(plain, declaring(AFTER))
    number_box(plain).fill("7")
    plain.get_by_role("button", name="Remove 8 workspaces").click()
    expect(plain.get_by_role("alert")).to_contain_text("The number of workspaces to remove is 8, not “7”.")
    assert len(office.live()) == 17


def test_enter_in_the_number_box_reconciles_with_the_right_number(page: Page, office: Office, twice: None) -> None:
    preview(page, declaring(AFTER))
    number_box(page).fill("8")
    number_box(page).press("Enter")
    expect(heading(page)).to_contain_text("reconcile dev.yaml")
    assert [run.mode for run in office.runs()] == ["reconcile", "merge"]


def test_enter_in_the_number_box_does_nothing_with_a_wrong_number(page: Page, office: Office, twice: None) -> None:
    preview(page, declaring(AFTER))
    address = page.url
    number_box(page).fill("7")
    number_box(page).press("Enter")
    page.reload()  # whatever Enter had begun would have led elsewhere by now
    assert page.url == address
    assert len(office.runs()) == 1


def test_enter_in_the_number_box_never_merges_without_javascript(
    plain: Page, office: Office, twice: None, watch: Watch
) -> None:
    watch.expects(400)
    preview(plain, declaring({**AFTER, "Newcomer": {}}))
    form(plain, "Reconcile").click()
    number_box(plain).fill("7")
    number_box(plain).press("Enter")
    expect(plain.get_by_role("alert")).to_contain_text("Not applied.")
    assert "Newcomer" not in office.live()


def test_few_removals_take_one_click_on_a_button_with_the_number(page: Page, office: Office) -> None:
    office.merge({"PM": {"Infra Lead": {}, "Dev Lead": {"Infra Lead": {}}}})
    preview(page, declaring({**MOVED, "New": {}}))
    form(page, "Reconcile").click()
    expect(number_box(page)).to_have_count(0)
    page.get_by_role("button", name="Create 1, remove 1").click()
    expect(heading(page)).to_contain_text("reconcile dev.yaml")


# ---- collateral


def test_collateral_needs_the_tick_and_the_number(page: Page, office: Office) -> None:
    office.merge(TWICE)
    preview(page, declaring(MOVED))
    expect(page.get_by_role("alert")).to_contain_text("1 workspace that this template never mentions")
    button, tick = dock(page).get_by_role("button", name=re.compile("Remove 2")), dock(page).get_by_role("checkbox")
    number_box(page).fill("2")
    expect(button).to_be_disabled()
    number_box(page).fill("")
    tick.check()
    expect(button).to_be_disabled()
    number_box(page).fill("2")
    button.click()
    expect(heading(page)).to_contain_text("reconcile dev.yaml")
    assert office.live() == ["Dev Lead", "Infra Lead", "PM"]


def test_collateral_without_the_tick_stays_without_javascript_too(plain: Page, office: Office) -> None:
    office.merge(TWICE)
    preview(plain, declaring(MOVED))
    number_box(plain).fill("2")
    dock(plain).get_by_role("button", name=re.compile("Remove 2")).click()
    expect(dock(plain).get_by_role("checkbox")).to_be_focused()  # Chromium asks for it, nothing was sent
    assert "Scratch" in office.live()


# ---- the tree has changed meanwhile


def test_a_preview_says_that_it_is_out_of_date_and_by_whom(page: Page, office: Office, twice: None) -> None:
    preview(page, declaring(AFTER))
    office.create("Sandbox")
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("1 workspace changed since this preview.")
    expect(page.get_by_role("alert")).to_contain_text("Sandbox created (sam)")
    for button in dock(page).get_by_role("button").all():
        expect(button).to_be_disabled()
    page.get_by_role("button", name="Preview again").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("main")).to_contain_text("all 18 live workspaces")


@pytest.mark.parametrize("scripts", [True, False], ids=["with javascript", "without"])
def test_applying_what_is_out_of_date_shows_the_same_page_and_changes_nothing(
    sign_in: Open, alice: User, office: Office, twice: None, watch: Watch, scripts: bool
) -> None:
    watch.expects(409)
    page = sign_in(alice, java_script_enabled=scripts)
    preview(page, declaring(AFTER))
    office.remove("PM", "Infra Lead", "SRE Engineer")
    number_box(page).fill("8")
    page.get_by_role("button", name="Remove 8 workspaces").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was applied.")
    expect(page.get_by_role("alert")).to_contain_text("SRE Engineer removed (sam)")
    expect(heading(page)).to_contain_text("Preview:")
    assert len(office.live()) == 16
