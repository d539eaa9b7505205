"""Locators for the parts of a page, by role and text."""

from __future__ import annotations

import re

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.hands import Hand, Mouse

LIST = "/admin/workspaces/workspace/"


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Sections").get_by_role("link", name=name)


def upload(page: Page, file: FilePayload, *, by: Hand | None = None) -> None:
    """From wherever the page is to the preview of that file."""
    hand = by or Mouse(page)
    hand.press(section(page, "Import"))
    hand.choose_file(page.get_by_label("Drop a template here"), file)
    hand.press(page.get_by_role("button", name="Preview merge and reconcile"))


def preview(page: Page, file: FilePayload) -> None:
    page.goto("/admin/")
    upload(page, file)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Preview:")


def row(page: Page, name: str, *, under: str) -> Locator:
    """The table row of the workspace at that place."""
    place = re.compile(rf"{re.escape(name)}.*under {re.escape(under)}, level")
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=place))


def rows(page: Page) -> Locator:
    """All rows of workspaces that can be seen."""
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader"))


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=re.compile(f"^{name}"))


def dock(page: Page) -> Locator:
    return page.get_by_role("region", name="Apply this plan")


def form(page: Page, mode: str) -> Locator:
    """The head of the fold with the form that applies the plan: `Merge` or `Reconcile`."""
    return dock(page).locator("summary").filter(has_text=f"{mode}…")


def number_box(page: Page) -> Locator:
    return page.get_by_label("the number of workspaces to remove")


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)
