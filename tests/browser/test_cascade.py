"""From ticks in the list of workspaces to their removal, with the confirmation in between."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.hands import Keyboard
from tests.browser.people import Office
from tests.browser.screen import LIST, heading, number_box, row
from tests.browser.watching import Watch
from tests.trees import BEFORE


@pytest.fixture
def tree(office: Office) -> None:
    office.merge(BEFORE)


def select(page: Page, *places: tuple[str, str]) -> None:
    page.goto(LIST)
    for name, under in places:
        row(page, name, under=under).get_by_role("checkbox").check()


def confirmation(page: Page, *places: tuple[str, str]) -> None:
    select(page, *places)
    page.get_by_role("button", name="Go").click()
    expect(heading(page)).to_contain_text("Cascade delete:")


def test_a_tick_marks_and_counts_everything_below(page: Page, tree: None) -> None:
    select(page, ("Dev Lead", "PM › Infra Lead"))
    expect(page.get_by_role("status")).to_have_text("1 selected ↳ 5 workspaces with everything below")
    below = row(page, "QA Engineer", under="PM › Infra Lead › Dev Lead")
    expect(below).to_contain_text("goes with Dev Lead")


@pytest.mark.parametrize("scripts", [True, False], ids=["with javascript", "without"])
def test_the_selected_go_with_everything_below_them(
    sign_in: Open, alice: User, office: Office, tree: None, scripts: bool
) -> None:
    page = sign_in(alice, java_script_enabled=scripts)
    confirmation(page, ("Dev Lead", "PM › Infra Lead"), ("QA Engineer", "PM › Infra Lead › Dev Lead"))
    expect(heading(page)).to_contain_text("5 workspaces")
    expect(page.get_by_role("main")).to_contain_text("3 of the 5 were not selected by you")
    number_box(page).fill("5")
    page.get_by_role("button", name="Remove 5 workspaces").click()
    expect(page.get_by_text("5 workspaces removed.")).to_be_visible()
    assert office.live() == ["Infra Lead", "PM", "SRE Engineer", "Security Engineer"]


def test_with_the_keyboard_alone_from_the_list_to_the_end(page: Page, office: Office, tree: None) -> None:
    hand = Keyboard(page)
    page.goto(LIST)
    hand.tick(row(page, "Dev Lead", under="PM › Infra Lead").get_by_role("checkbox"))
    hand.press(page.get_by_role("button", name="Go"))
    hand.write(page.get_by_label("Reason"), "no longer needed")
    hand.write(number_box(page), "5")
    hand.press(page.get_by_role("button", name="Remove 5 workspaces"))
    expect(page.get_by_text("5 workspaces removed.")).to_be_visible()
    assert office.live() == ["Infra Lead", "PM", "SRE Engineer", "Security Engineer"]


def test_a_wrong_number_removes_nothing(page: Page, office: Office, tree: None) -> None:
    confirmation(page, ("Dev Lead", "PM › Infra Lead"))
    number_box(page).fill("6")
    expect(page.get_by_role("button", name="Remove 5 workspaces")).to_be_disabled()
    assert len(office.live()) == 9


def test_without_javascript_the_server_refuses_a_wrong_number(
    sign_in: Open, alice: User, office: Office, tree: None, watch: Watch
) -> None:
    watch.expects(400)
    page = sign_in(alice, java_script_enabled=False)
    confirmation(page, ("Dev Lead", "PM › Infra Lead"))
    number_box(page).fill("6")
    page.get_by_role("button", name="Remove 5 workspaces").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was removed.")
    assert len(office.live()) == 9


def test_who_thinks_again_is_led_back(page: Page, office: Office, tree: None) -> None:
    confirmation(page, ("Dev Lead", "PM › Infra Lead"))
    page.get_by_role("link", name="No, take me back").click()
    expect(heading(page)).to_have_text("Workspaces")
    assert len(office.live()) == 9
