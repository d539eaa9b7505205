"""Signing in, and a run that goes on while somebody watches it."""

from __future__ import annotations

from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.people import Office
from tests.browser.screen import heading, section
from tests.trees import BEFORE


def test_who_signs_in_lands_on_the_home_page(open_window: Open, office: Office) -> None:
    user = office.hire("dora", "Operator", password="correct horse")
    page = open_window()
    page.goto("/")
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url("/admin/")
    expect(section(page, "Import")).to_be_visible()


def test_the_page_of_a_run_moves_by_itself_and_says_how_it_ended(page: Page, office: Office, alice: User) -> None:
    run = office.begin_merge(BEFORE)
    page.goto(f"/admin/runs/{run.pk}/")
    expect(heading(page)).to_contain_text("merge dev.yaml")
    expect(page.get_by_role("button", name="Pause refresh")).to_be_visible()
    office.fail(run, "the disk is full")
    expect(page.get_by_role("main")).to_contain_text("the disk is full")
    expect(page.get_by_role("button", name="Pause refresh")).to_have_count(0)
    expect(page.get_by_role("status").filter(has_text="Nothing was changed")).to_be_attached()
