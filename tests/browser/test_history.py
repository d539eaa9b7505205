"""The history of a workspace: any two of its versions side by side."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.hands import Hand, Keyboard, Mouse
from tests.browser.people import Office
from tests.browser.screen import LIST


@pytest.fixture
def versions(office: Office) -> str:
    """The address of a history of three versions."""
    office.merge({"PM": {}})
    office.describe("PM", role="plans")
    office.describe("PM", role="leads")
    return f"{LIST}{office.workspace('PM').pk}/history/"


def compare(page: Page, hand: Hand) -> None:
    hand.choose(page.get_by_role("radio", name="from v1"))
    hand.press(page.get_by_role("button", name="Compare"))
    found = page.get_by_role("region", name="v1 → v3")
    expect(found.get_by_role("row", name="role")).to_contain_text("(empty)")
    expect(found.get_by_role("row", name="role")).to_contain_text("leads")
    expect(found.get_by_text("plans")).to_have_count(0)


def test_any_two_versions_are_compared_with_the_keyboard_alone(page: Page, versions: str) -> None:
    page.goto(versions)
    compare(page, Keyboard(page))


def test_any_two_versions_are_compared_without_javascript(sign_in: Open, alice: User, versions: str) -> None:
    page = sign_in(alice, java_script_enabled=False)
    page.goto(versions)
    compare(page, Mouse(page))
