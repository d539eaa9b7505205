"""Two quick clicks, or a reload, on everything that writes: it happens once, and the page says that it did."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.people import Office
from tests.browser.screen import LIST, dock, heading, number_box, row
from tests.trees import AFTER, BEFORE, Tree

MANY: Tree = {f"Team {team}": {f"Agent {team}.{agent}": {} for agent in range(24)} for team in range(24)}
ADD_TOKEN = "/admin/workspaces/apitoken/add/"


@pytest.fixture(params=[True, False], ids=["with javascript", "without"])
def window(request: pytest.FixtureRequest, sign_in: Open, alice: User) -> Page:
    return sign_in(alice, java_script_enabled=request.param)


def click_twice(page: Page, button: Locator) -> None:
    """60 ms apart, wherever the first click leads."""
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box
    place = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(*place)
    page.wait_for_timeout(60)
    page.mouse.click(*place)


@pytest.mark.parametrize("tree", [BEFORE, MANY], ids=["nine", "600"])
def test_a_plan_is_applied_once_and_both_clicks_lead_to_its_run(
    window: Page, office: Office, alice: User, tree: Tree
) -> None:
    window.goto(f"/admin/import/{office.preview(tree, by=alice)}/")
    click_twice(window, dock(window).get_by_role("button", name=re.compile("Merge: create")))
    expect(heading(window)).to_contain_text("Run")
    expect(window.get_by_role("main")).to_contain_text("Done.")
    expect(window.get_by_text("Nothing was applied")).to_have_count(0)
    assert [run.state for run in office.runs()].count("completed") == 1
    assert {run.state for run in office.runs()} <= {"completed", "refused"}


def test_a_reconcile_is_applied_once(window: Page, office: Office, alice: User) -> None:
    office.merge({"PM": {**BEFORE["PM"], **AFTER["PM"]}})
    window.goto(f"/admin/import/{office.preview(AFTER, by=alice)}/")
    number_box(window).fill("8")
    click_twice(window, dock(window).get_by_role("button", name="Remove 8 workspaces"))
    expect(heading(window)).to_contain_text("Run")
    expect(window.get_by_role("main")).to_contain_text("8 workspaces removed")
    assert len(office.live()) == 9


def test_after_going_back_the_preview_says_that_it_was_applied(page: Page, office: Office, alice: User) -> None:
    page.goto(f"/admin/import/{office.preview(BEFORE, by=alice)}/")
    dock(page).get_by_role("button", name="Merge: create 9").click()
    expect(heading(page)).to_contain_text("Run")
    page.go_back()
    page.reload()
    expect(page.get_by_role("status").filter(has_text="Applied as")).to_be_visible()
    expect(page.get_by_text("nothing changed yet")).to_have_count(0)
    page.get_by_role("link", name=re.compile("^run ")).click()
    expect(heading(page)).to_contain_text("Run")


def test_a_button_on_a_page_that_was_gone_back_to_works_again(page: Page, office: Office) -> None:
    page.goto(f"{LIST}add/")
    for name in ("Attic", "Cellar"):
        page.get_by_label("Name").fill(name)
        page.get_by_role("button", name="Add workspace").click()
        expect(heading(page)).to_contain_text(name)
        page.go_back()
    assert office.live() == ["Attic", "Cellar"]


def test_a_cascade_delete_happens_once_and_says_what_went(window: Page, office: Office) -> None:
    office.merge(BEFORE)
    window.goto(LIST)
    row(window, "Dev Lead", under="PM › Infra Lead").get_by_role("checkbox").check()
    window.get_by_role("button", name="Go").click()
    number_box(window).fill("5")
    click_twice(window, window.get_by_role("button", name="Remove 5 workspaces"))
    expect(window.get_by_text("5 workspaces removed.").first).to_be_visible()
    expect(window.get_by_text("Nothing was removed")).to_have_count(0)
    assert len(office.live()) == 4


def test_a_workspace_is_added_once(window: Page, office: Office) -> None:
    window.goto(f"{LIST}add/")
    window.get_by_label("Name").fill("Attic")
    click_twice(window, window.get_by_role("button", name="Add workspace"))
    expect(heading(window)).to_contain_text("Attic")
    expect(window.get_by_text("stands there already")).to_have_count(0)
    assert office.live() == ["Attic"]


def test_a_token_is_made_once(window: Page, office: Office, alice: User) -> None:
    window.goto(ADD_TOKEN)
    window.get_by_label("Name").fill("pipeline")
    click_twice(window, window.get_by_role("button", name="Make the token"))
    shown = window.get_by_label("The token").or_(window.get_by_text("was made already"))
    expect(shown.first).to_be_visible()
    assert office.api_tokens(alice) == 1


def test_a_reload_of_the_page_with_the_token_makes_no_second_one(page: Page, office: Office, alice: User) -> None:
    page.goto(ADD_TOKEN)
    page.get_by_label("Name").fill("pipeline")
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_label("The token")).to_contain_text("org_")
    page.reload()
    expect(page.get_by_text("was made already")).to_be_visible()
    expect(page.get_by_text("org_")).to_have_count(0)
    assert office.api_tokens(alice) == 1
