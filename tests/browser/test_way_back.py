"""Remove, regret, undo: from the run's page, from a workspace's, and from the list, with what can be in the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open, context_args
from tests.browser.hands import Hand, Keyboard, Mouse
from tests.browser.people import Office
from tests.browser.screen import LIST, dock, heading, number_box, row
from tests.browser.watching import Watch
from tests.sites import Site, running_site
from tests.trees import BEFORE
from workspaces.models import ImportRun

WAY_BACK = re.compile(r"Can be undone with its data until \w{3} \d+ \w+( \d{4})? \d\d:\d\d\.")


@pytest.fixture(scope="module")
def site(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One on the same database as the others, which have no engine and say nothing of data."""
    with running_site(tmp_path_factory.mktemp("engine"), site.database, ORGSITE_ENGINE="fake") as running:
        yield running


@pytest.fixture(scope="module")
def browser_context_args(site: Site) -> dict[str, Any]:
    return context_args(site)


@pytest.fixture
def removed(office: Office) -> ImportRun:
    """Dev Lead and the four below it were removed, and their data waits."""
    office.merge(BEFORE)
    run = office.remove("PM", "Infra Lead", "Dev Lead")
    office.leave_data(run)
    return run


def line(page: Page, name: str) -> Locator:
    """The row of that name in the plan."""
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def undo_from_the_run(page: Page, hand: Hand, run: ImportRun) -> None:
    page.goto(f"/admin/runs/{run.pk}/")
    expect(page.get_by_text(WAY_BACK)).to_be_visible()
    hand.press(page.get_by_role("link", name="Undo this run…"))
    expect(heading(page)).to_contain_text("Undo run")
    expect(line(page, "QA Engineer")).to_contain_text("Restore")
    hand.write(dock(page).get_by_label("Reason"), "a mistake")
    hand.press(page.get_by_role("button", name="Restore 5 workspaces"))
    expect(heading(page)).to_contain_text(f"undo of #{run.number}")
    expect(page.get_by_text("5 workspaces restored")).to_be_visible()


def test_from_ticks_in_the_list_over_the_removal_s_run_to_its_undo(page: Page, office: Office) -> None:
    office.merge(BEFORE)
    page.goto(LIST)
    row(page, "Dev Lead", under="PM › Infra Lead").get_by_role("checkbox").check()
    page.get_by_role("button", name="Go").click()
    number_box(page).fill("5")
    page.get_by_role("button", name="Remove 5 workspaces").click()
    expect(page.get_by_text("5 workspaces removed.")).to_be_visible()
    page.goto("/admin/runs/")
    page.get_by_role("link", name=f"#{office.runs()[0].number} ").first.click()
    page.get_by_role("link", name="Undo this run…").click()
    page.get_by_role("button", name="Restore 5 workspaces").click()
    expect(page.get_by_text("5 workspaces restored")).to_be_visible()
    assert len(office.live()) == 9


def test_an_undo_with_the_keyboard_alone(page: Page, office: Office, removed: ImportRun) -> None:
    undo_from_the_run(page, Keyboard(page), removed)
    assert len(office.live()) == 9


def test_an_undo_without_javascript(sign_in: Open, alice: User, office: Office, removed: ImportRun) -> None:
    page = sign_in(alice, java_script_enabled=False)
    undo_from_the_run(page, Mouse(page), removed)
    assert len(office.live()) == 9


def test_the_undone_run_leads_to_its_undo_and_that_back(page: Page, removed: ImportRun) -> None:
    undo_from_the_run(page, Mouse(page), removed)
    page.get_by_role("link", name=f"run #{removed.number}").click()
    expect(heading(page)).to_contain_text(f"Run #{removed.number}")
    expect(page.get_by_text("Undone by")).to_be_visible()
    expect(page.get_by_role("link", name="Undo this run…")).to_have_count(0)
    page.get_by_role("link", name=re.compile(r"^run #\d+$")).click()
    expect(heading(page)).to_contain_text(f"undo of #{removed.number}")


def test_a_name_taken_meanwhile_is_moved_out_of_the_way_first(page: Page, office: Office, removed: ImportRun) -> None:
    office.create("Dev Lead", below=("PM", "Infra Lead"), by="vik")
    page.goto(f"/admin/runs/{removed.pk}/undo/")
    expect(page.get_by_role("status").filter(has_text="Nothing to undo.")).to_be_visible()
    expect(page.get_by_text("another workspace has the name Dev Lead at its place").first).to_be_visible()
    expect(dock(page)).to_have_count(0)
    page.get_by_role("link", name="look at it").click()
    page.get_by_role("link", name="Cascade delete…").click()
    page.get_by_role("button", name="Remove 1 workspace").click()
    undo_from_the_run(page, Mouse(page), removed)
    assert len(office.live()) == 9


def test_what_comes_back_empty_takes_the_tick_and_the_number(page: Page, office: Office, removed: ImportRun) -> None:
    office.destroy_data("QA Engineer")
    page.goto(f"/admin/runs/{removed.pk}/undo/")
    expect(line(page, "QA Engineer")).to_contain_text("comes back empty")
    expect(line(page, "Backend Engineer")).to_contain_text("4.8 MB come back")
    button = page.get_by_role("button", name="Restore 5 workspaces")
    expect(button).to_be_disabled()
    page.get_by_label("that come back empty").fill("1")
    expect(button).to_be_disabled()
    page.get_by_label("Bring 1 workspace back empty").check()
    expect(button).to_be_enabled()
    button.click()
    expect(page.get_by_text("destroyed before, empty")).to_have_count(1)
    expect(page.get_by_text("volumes back")).to_have_count(4)


def test_meanwhile_somebody_changes_the_tree(page: Page, office: Office, removed: ImportRun, watch: Watch) -> None:
    watch.expects(409)
    page.goto(f"/admin/runs/{removed.pk}/undo/")
    office.create("Sandbox", by="vik")
    page.get_by_role("button", name="Restore 5 workspaces").click()
    expect(page.get_by_role("alert")).to_contain_text("Sandbox created (vik)")
    expect(page.get_by_role("button", name="Restore 5 workspaces")).to_be_disabled()
    page.get_by_role("link", name="Preview again").click()
    page.get_by_role("button", name="Restore 5 workspaces").click()
    expect(page.get_by_text("5 workspaces restored")).to_be_visible()


@pytest.mark.parametrize("hand", [Keyboard, Mouse])
def test_a_removed_workspace_is_restored_from_its_own_page(
    page: Page, office: Office, removed: ImportRun, hand: Callable[[Page], Hand]
) -> None:
    page.goto(f"{LIST}{office.workspace('PM', 'Infra Lead', 'Dev Lead').pk}/change/")
    hand(page).press(page.get_by_role("link", name=re.compile("^Restore until")))
    expect(heading(page)).to_contain_text("Restore Dev Lead")
    hand(page).press(page.get_by_role("button", name="Restore 5 workspaces"))
    expect(heading(page)).to_contain_text("restore in")
    assert len(office.live()) == 9


@pytest.mark.parametrize("scripts", [True, False], ids=["with javascript", "without"])
def test_several_are_restored_from_the_list_of_removed_ones(
    sign_in: Open, alice: User, office: Office, removed: ImportRun, scripts: bool
) -> None:
    office.remove("PM", "Infra Lead", "SRE Engineer")
    page = sign_in(alice, java_script_enabled=scripts)
    page.goto(f"{LIST}?status=removed")
    for name in ("Dev Lead", "SRE Engineer"):
        page.get_by_role("checkbox", name=re.compile(f"^Select {name}")).check()
    page.get_by_role("button", name="Go").click()
    expect(heading(page)).to_contain_text("Restore Dev Lead and SRE Engineer")
    page.get_by_role("button", name="Restore 6 workspaces").click()
    expect(page.get_by_text("6 workspaces restored")).to_be_visible()
    assert len(office.live()) == 9


def test_a_double_click_undoes_once(page: Page, office: Office, removed: ImportRun) -> None:
    page.goto(f"/admin/runs/{removed.pk}/undo/")
    page.get_by_role("button", name="Restore 5 workspaces").dblclick()
    expect(heading(page)).to_contain_text(f"undo of #{removed.number}")
    assert [run.mode for run in office.runs()].count("undo") == 1
