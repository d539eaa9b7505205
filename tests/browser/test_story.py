"""What an operator does on the day the template was reorganized, from the upload to the history of what is gone."""

from __future__ import annotations

import re

from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.hands import Hand, Keyboard, Mouse
from tests.browser.people import Office
from tests.browser.screen import card, dock, form, heading, number_box, row, upload
from tests.browser.templates import zipped
from tests.trees import BEFORE


def test_the_story_with_the_mouse(page: Page, office: Office) -> None:
    walk(page, office, Mouse(page))


def test_the_story_with_the_keyboard_alone(page: Page, office: Office) -> None:
    walk(page, office, Keyboard(page))


def test_the_story_without_javascript(sign_in: Open, alice: User, office: Office) -> None:
    page = sign_in(alice, java_script_enabled=False)
    walk(page, office, Mouse(page))


def walk(page: Page, office: Office, hand: Hand) -> None:
    office.merge(BEFORE)
    page.goto("/admin/")
    upload(page, zipped("dev-tree-after"), by=hand)
    read_both_columns(page)
    apply_merge(page, office, hand)
    upload(page, zipped("dev-tree-after"), by=hand)
    keep_the_older_ones(page, hand)
    apply_reconcile(page, office, hand)
    read_the_minute(page, hand)
    open_the_history_of_a_removed_one(page, hand)


def read_both_columns(page: Page) -> None:
    expect(heading(page)).to_contain_text("dev-tree-after.zip")
    expect(card(page, "Merge")).to_contain_text("live 9 → 17")
    expect(card(page, "Merge")).to_contain_text("Creates 8, removes nothing.")
    expect(card(page, "Merge")).to_contain_text("2 live elsewhere: reconcile would update 7 and move 2.")
    expect(card(page, "Reconcile")).to_contain_text("live 9 → 9")
    moved = row(page, "Dev Lead", under="PM").get_by_role("cell")
    expect(moved.nth(0)).to_contain_text("Create")
    expect(moved.nth(1)).to_contain_text("Move from PM › Infra Lead › Dev Lead")
    expect(moved.nth(2)).to_contain_text("stays")
    now = page.get_by_role("row").filter(has_text=re.compile("Dev Lead.*under PM › Infra Lead, where it stands now"))
    expect(now.get_by_role("cell").nth(0)).to_contain_text("Left running, 5")
    expect(now.get_by_role("cell").nth(1)).to_contain_text("goes to PM › Dev Lead, 4 below come along")


def apply_merge(page: Page, office: Office, hand: Hand) -> None:
    hand.skip(page.get_by_role("link", name="Skip the table, go to Apply"))
    hand.press(form(page, "Merge"))
    hand.press(dock(page).get_by_role("button", name="Merge: create 8"))
    expect(heading(page)).to_contain_text(re.compile("Run .*: merge dev-tree-after.zip"))
    expect(page.get_by_role("main")).to_contain_text("9 → 17")
    assert len(office.live()) == 17


def keep_the_older_ones(page: Page, hand: Hand) -> None:
    expect(page.get_by_role("group", name="8 names are live twice")).to_contain_text("Choose which of the two stays.")
    hand.choose(page.get_by_role("radio", name="Keep the older ones"))
    hand.press(page.get_by_role("button", name="Work the plan out for this choice"))
    expect(page.get_by_text("worked out for: keep the older ones")).to_be_visible()


def apply_reconcile(page: Page, office: Office, hand: Hand) -> None:
    expect(card(page, "Reconcile")).to_contain_text("live 17 → 9")
    hand.skip(page.get_by_role("link", name="Skip the table, go to Apply"))
    hand.write(number_box(page), "8")
    hand.press(dock(page).get_by_role("button", name="move 2, remove 8"))
    expect(heading(page)).to_contain_text(re.compile("Run .*: reconcile dev-tree-after.zip"))
    expect(page.get_by_role("main")).to_contain_text("2 workspaces moved, 8 workspaces removed")
    assert len(office.live()) == 9


def read_the_minute(page: Page, hand: Hand) -> None:
    hand.press(page.get_by_role("link", name=re.compile("this minute")))
    answer = page.get_by_role("region", name="What happened at")
    expect(answer).to_contain_text(
        re.compile("applied reconcile of dev-tree-after.zip to Acme .* moved 2, kept 0 and removed 8")
    )
    expect(answer).to_contain_text("from 17 to 9")


def open_the_history_of_a_removed_one(page: Page, hand: Hand) -> None:
    burst = page.get_by_role("listitem").filter(has_text="8 workspaces removed")
    hand.press(burst.get_by_role("link", name="QA Engineer"))
    expect(heading(page)).to_contain_text("History: QA Engineer under PM › Dev Lead")
    expect(page.get_by_role("main")).to_contain_text("Removed by alice")
    expect(page.get_by_role("main")).to_contain_text("younger than the one that takes its place")
