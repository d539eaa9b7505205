"""Signing in, and a theme of one's own."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.people import Office
from tests.browser.screen import section


def test_who_signs_in_lands_on_the_home_page(open_window: Open, office: Office) -> None:
    user = office.hire("dora", "Operator", password="correct horse")
    page = open_window()
    page.goto("/")
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url("/admin/")
    expect(section(page, "Import")).to_be_visible()


def background(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_the_theme_can_be_switched_and_stays(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/admin/")
    light = background(page)
    for chosen in ("dark", "light", "auto", "dark"):
        page.get_by_role("button", name="Toggle theme").click()
        expect(page.get_by_role("button", name=f"current theme: {chosen}")).to_be_visible()
        assert (background(page) == light) is (chosen != "dark")
    page.reload()
    assert background(page) != light
