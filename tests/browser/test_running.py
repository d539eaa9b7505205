"""A run that goes on while somebody watches it: its page asks for itself, unless it is paused or out of sight.

The page's clock is the test's: two seconds pass when the test says so.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.people import Office
from tests.browser.screen import heading
from tests.trees import AFTER, BEFORE
from workspaces.models import ImportRun

HIDE = """hidden => {
  Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
  document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.fixture
def run(office: Office) -> ImportRun:
    return office.begin_merge(BEFORE)


@pytest.fixture
def polls(page: Page, run: ImportRun) -> list[Request]:
    """What the run's page has asked for by itself since it was opened."""
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if request.resource_type in {"xhr", "fetch"} else None)
    page.clock.install()
    page.goto(f"/admin/runs/{run.pk}/")
    return asked


def let_it_end(page: Page, office: Office, run: ImportRun) -> None:
    """Two seconds more, in which the page finds out."""
    office.fail(run, "the disk is full")
    page.clock.run_for(2_000)
    expect(page.get_by_role("main")).to_contain_text("the disk is full")


def test_the_page_moves_by_itself_and_says_how_it_ended(
    page: Page, office: Office, run: ImportRun, polls: list[Request]
) -> None:
    expect(heading(page)).to_contain_text("merge dev.yaml")
    expect(page.get_by_role("button", name="Pause refresh")).to_be_visible()
    let_it_end(page, office, run)
    expect(page.get_by_role("button", name="Pause refresh")).to_have_count(0)
    expect(page.get_by_role("status").filter(has_text="Nothing was changed")).to_be_attached()
    page.clock.run_for(20_000)
    page.evaluate("fetch('/admin/')")  # behind whatever the page would have asked for by now
    assert [poll.url.rpartition("/admin/")[2] for poll in polls] == [f"runs/{run.pk}/", ""]


def test_paused_it_asks_for_nothing_and_goes_on_when_told_so(
    page: Page, office: Office, run: ImportRun, polls: list[Request]
) -> None:
    page.get_by_role("button", name="Pause refresh").click()
    page.clock.run_for(20_000)
    expect(page.get_by_role("main")).to_contain_text("Running.")
    page.get_by_role("button", name="Go on refreshing").click()
    let_it_end(page, office, run)
    assert len(polls) == 1


def test_out_of_sight_it_asks_for_nothing(page: Page, office: Office, run: ImportRun, polls: list[Request]) -> None:
    page.evaluate(HIDE, True)
    page.clock.run_for(20_000)
    page.evaluate(HIDE, False)
    let_it_end(page, office, run)
    assert len(polls) == 1


def test_a_teardown_moves_by_itself_and_what_failed_is_tried_again(page: Page, office: Office) -> None:
    office.merge(BEFORE)
    run = office.reconcile(AFTER, removing=8)
    office.stand_behind(run, error="volume is in use")
    page.goto(f"/admin/runs/{run.pk}/")
    expect(page.get_by_role("progressbar", name="Tear down")).to_have_attribute("value", "0")
    expect(page.get_by_text("volume is in use")).to_have_count(8)
    page.get_by_role("button", name="Try all failed again now (8)").click()
    expect(page.get_by_text("8 containers will be tried at once.")).to_be_visible()
    assert office.due(run) == 8
    focused = page.get_by_role("link", name="SRE Engineer").first  # the removed one
    focused.focus()
    office.release(run)
    expect(page.get_by_role("progressbar", name="Tear down")).to_have_attribute("value", "8")
    expect(focused).to_be_focused()
    expect(page.get_by_text("gone, volumes kept")).to_have_count(8)
    expect(page.get_by_role("button", name="Try again now")).to_have_count(0)
