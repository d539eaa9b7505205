"""The data of removed workspaces: from home to the list, and to its end by hand."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.hands import Hand, Keyboard, Mouse
from tests.browser.people import Office
from tests.browser.screen import heading
from tests.trees import AFTER, BEFORE


@pytest.fixture
def waiting(office: Office) -> None:
    """Eight workspaces were removed, and their data waits."""
    office.merge(BEFORE)
    office.merge(AFTER)
    office.leave_data(office.reconcile(AFTER, removing=8))


def destroy_two(page: Page, hand: Hand) -> None:
    page.goto("/admin/")
    expect(page.get_by_text("8 removed workspaces will be destroyed")).to_be_visible()
    hand.press(page.get_by_role("link", name="Look at the kept data"))
    for name in ("QA Engineer", "SRE Engineer"):
        hand.tick(page.get_by_role("checkbox", name=f"Select {name}"))
    hand.press(page.get_by_role("button", name="Destroy the data of the selected"))
    expect(heading(page)).to_contain_text("2 workspaces")
    hand.write(page.get_by_label("Reason"), "no room")
    hand.write(page.get_by_label("the number of workspaces"), "2")
    hand.press(page.get_by_role("button", name="Destroy the data of 2 workspaces"))
    expect(page.get_by_text("The data of 2 workspaces is being destroyed.")).to_be_visible()
    expect(page.get_by_role("checkbox")).to_have_count(6)


def test_it_is_destroyed_by_hand_with_the_keyboard_alone(page: Page, waiting: None) -> None:
    destroy_two(page, Keyboard(page))


def test_it_is_destroyed_by_hand_without_javascript(sign_in: Open, alice: User, waiting: None) -> None:
    page = sign_in(alice, java_script_enabled=False)
    destroy_two(page, Mouse(page))


def test_the_button_waits_for_the_right_number(page: Page, office: Office, waiting: None) -> None:
    gone = office.workspace("PM", "Infra Lead")
    page.goto(f"/admin/kept-data/purge/?_selected_action={gone.pk}")
    page.get_by_label("the number of workspaces").fill("2")
    expect(page.get_by_role("button", name="Destroy the data of 1 workspace")).to_be_disabled()
