"""Reading a plan: fold, find, only what changes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import Keyboard
from tests.browser.people import Office
from tests.browser.screen import dock, form, heading, number_box, preview, row, rows
from tests.browser.templates import declaring
from tests.trees import Tree

TWICE: Tree = {"PM": {"Infra Lead": {"Scratch": {}}, "Dev Lead": {"Infra Lead": {}}}}
LIVE: Tree = {"PM": {"Design": {"Ann": {}, "Ben": {}}, "Build": {"Cleo": {}}}}
WANTED: Tree = {"PM": {"Design": {"Ann": {}, "Ben": {}}, "Build": {"Cleo": {}, "Dan": {}}}}


@pytest.fixture
def plan(page: Page, office: Office) -> Page:
    """Seven workspaces: Dan is new, below Build; nothing changes below Design."""
    office.merge(LIVE)
    preview(page, declaring(WANTED))
    return page


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


def test_the_changes_are_shown_with_what_they_stand_below(plan: Page) -> None:
    plan.get_by_role("link", name="Changes 1").click()
    expect(rows(plan)).to_have_count(3)
    expect(row(plan, "Dan", under="PM › Build")).to_be_visible()


def test_find_keeps_what_matches_and_its_ancestors(plan: Page) -> None:
    plan.get_by_label("Find").fill("ann")
    expect(rows(plan)).to_have_count(3)
    expect(row(plan, "Ann", under="PM › Design")).to_be_visible()
    expect(plan.get_by_role("status").filter(has_text="1 matching")).to_be_visible()


def test_find_takes_a_path_as_the_server_does(plan: Page) -> None:
    plan.get_by_label("Find").fill("m › design › an")
    expect(row(plan, "Ann", under="PM › Design")).to_be_visible()
    plan.get_by_label("Find").fill("pm › ann")
    expect(plan.get_by_role("status").filter(has_text="Nothing matches.")).to_be_visible()


def test_a_link_to_the_twin_unfolds_and_shows_it(page: Page, office: Office) -> None:
    office.merge({"PM": {"Ann": {}, "Design": {"Group": {"Ann": {}}}}})
    preview(page, declaring({"PM": {"Design": {"Group": {"Ann": {}}}}}))
    twin = row(page, "Ann", under="PM › Design › Group")
    expect(twin).to_have_count(0)
    row(page, "Ann", under="PM").get_by_role("link").click()
    expect(twin).to_be_in_viewport()


def test_without_colours_signs_and_words_tell_the_kinds_of_rows_apart(page: Page, office: Office) -> None:
    page.emulate_media(forced_colors="active")
    office.merge(TWICE)
    preview(page, declaring({"PM": {"Dev Lead": {"Infra Lead": {}}, "New": {}}}))
    leftover, collateral = row(page, "Infra Lead", under="PM"), row(page, "Scratch", under="PM › Infra Lead")
    cells = [*leftover.get_by_role("cell").all()[:2], collateral.get_by_role("cell").nth(1)]
    cells.append(row(page, "New", under="PM").get_by_role("cell").first)
    for cell, words in zip(cells, ("≠Left running", "-Remove", "!Collateral", "+Create"), strict=True):
        expect(cell).to_contain_text(words)
    edges = [cell.evaluate("cell => getComputedStyle(cell).borderLeft") for cell in cells]
    assert "6px solid" in edges[1]
    assert "12px double" in edges[2]


def test_without_colours_the_focus_stays_visible_on_the_way_to_applying(page: Page, office: Office) -> None:
    page.emulate_media(forced_colors="active")
    office.merge(TWICE)
    preview(page, declaring({"PM": {"Dev Lead": {"Infra Lead": {}}, "New": {}}}))
    hand = Keyboard(page)
    hand.press(page.get_by_role("link", name="Skip the table, go to Apply"))
    hand.press(form(page, "Reconcile"))
    hand.tick(dock(page).get_by_role("checkbox"))
    hand.write(number_box(page), "2")
    hand.press(dock(page).get_by_role("button", name="remove 2"))
    expect(heading(page)).to_contain_text("reconcile dev.yaml")


def test_without_colours_a_move_has_an_edge_of_its_own_and_a_thin_row_says_where_it_stands(
    page: Page, office: Office
) -> None:
    page.emulate_media(forced_colors="active")
    office.merge({"PM": {"Lab": {"Ann": {}}, "Design": {}}})
    preview(page, declaring({"PM": {"Lab": {}, "Design": {"Ann": {}}}}))
    cell = row(page, "Ann", under="PM › Design").get_by_role("cell").nth(1)
    expect(cell).to_contain_text(">Move from PM › Lab › Ann")
    assert "5px dashed" in cell.evaluate("cell => getComputedStyle(cell).borderLeft")
    there = page.get_by_role("row").filter(has_text="Ann under PM › Lab, where it stands now")
    expect(there.get_by_role("cell").nth(1)).to_contain_text("goes to PM › Design › Ann")
