"""An evening on which the template was changed: moves, settings, a conflict, and a role that it no longer names."""

from __future__ import annotations

import re

import yaml
from playwright.sync_api import Page, expect

from tests.browser.people import Office
from tests.browser.screen import card, dock, form, heading, preview, row, rows
from tests.browser.templates import declaring, written
from tests.trees import AFTER, BEFORE


def saying(role: str) -> str:
    """A template of one workspace with this role."""
    return yaml.safe_dump({"name": "Dev team", "workspaces": [{"name": "PM", "role": role}]})


def apply(page: Page, mode: str, button: str) -> None:
    if not form(page, mode).locator("..").evaluate("fold => fold.open"):
        form(page, mode).click()
    dock(page).get_by_role("button", name=button).click()
    expect(heading(page)).to_contain_text(re.compile(f"Run .*: {mode.lower()}"))


def test_an_evening_with_moves(page: Page, office: Office) -> None:
    office.merge(BEFORE)
    before = {office.workspace("PM", "Infra Lead").pk, office.workspace("PM", "Infra Lead", "Dev Lead").pk}
    preview(page, declaring(AFTER))
    expect(card(page, "Reconcile")).to_contain_text("Moves 2, removes nothing.")
    page.get_by_role("link", name="Moves 2").click()
    expect(rows(page)).to_have_count(5)  # both at both places, and the root
    row(page, "Infra Lead", under="PM › Dev Lead").get_by_role("link", name="PM › Infra Lead").click()
    expect(page.get_by_role("row").filter(has_text="Infra Lead under PM, where it stands now")).to_be_in_viewport()
    apply(page, "Reconcile", "Reconcile: move 2")
    expect(page.get_by_role("main")).to_contain_text("Done. 2 workspaces moved, 7 kept; 9 are live.")
    expect(page.get_by_role("row", name="Dev Lead PM Moved")).to_contain_text("from PM › Infra Lead › Dev Lead")
    assert {office.workspace("PM", "Dev Lead").pk, office.workspace("PM", "Dev Lead", "Infra Lead").pk} == before


def test_an_option_is_worked_out_before_it_is_applied(page: Page, office: Office) -> None:
    office.merge(BEFORE)
    preview(page, declaring(AFTER))
    card(page, "Merge").get_by_label("move (2)").check()
    card(page, "Merge").get_by_role("button", name="Work it out again").click()
    expect(card(page, "Merge")).to_contain_text("Moves 2, removes nothing.")
    apply(page, "Merge", "Merge: move 2")
    expect(page.get_by_role("main")).to_contain_text("Done. 2 workspaces moved, 7 kept; 9 are live.")


def test_a_conflict_is_left_and_then_overwritten(page: Page, office: Office) -> None:
    preview(page, written(saying("Leads")))
    apply(page, "Merge", "Merge: create 1")
    office.describe("PM", role="Rests")
    preview(page, written(saying("Leads all")))
    expect(page.get_by_role("status").filter(has_text="1 workspace differs from the template.")).to_be_visible()
    line = page.get_by_role("row", name="role Leads Rests Leads all")
    expect(line).to_contain_text("changed here and in the template, differently. Overwrite would set “Leads all”")
    expect(dock(page).get_by_role("button", name="Apply reconcile")).to_have_count(0)  # in its fold, and off
    card(page, "Reconcile").get_by_label("overwrite what was changed here (1)").check()
    card(page, "Reconcile").get_by_role("button", name="Work it out again").click()
    apply(page, "Reconcile", "Reconcile: update 1")
    expect(page.get_by_role("main")).to_contain_text("Done. 1 workspace updated, 0 kept")
    assert office.workspace("PM").role == "Leads all"


def test_what_the_template_no_longer_names_is_retired(page: Page, office: Office) -> None:
    office.merge({"PM": {"Ann": {}, "Ben": {}}})
    preview(page, declaring({"PM": {"Ann": {}}}))
    expect(row(page, "Ben", under="PM")).to_contain_text("no longer declared by Dev team")
    card(page, "Reconcile").get_by_label("retire what is no longer declared (1)").check()
    card(page, "Reconcile").get_by_role("button", name="Work it out again").click()
    apply(page, "Reconcile", "Remove 1 workspace")
    expect(page.get_by_role("main")).to_contain_text("1 workspace removed")
    assert office.live() == ["Ann", "PM"]
