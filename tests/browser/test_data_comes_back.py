"""A file in a real container, before a removal and after its undo: everything between is done in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.plugin import DjangoDbBlocker

from tests.browser.conftest import Open, context_args
from tests.browser.people import Office
from tests.browser.screen import LIST, heading, row
from tests.browser.test_way_back import WAY_BACK
from tests.machines import Machine
from tests.sites import Site, new_site
from tests.worker.yard import Yard
from workspaces.models import Membership, Organization

PATIENCE = 300_000  # milliseconds that an engine may take
IMAGES = '{"*": "orgsite-polite:1"}'


@pytest.fixture(scope="module")
def site(
    docker: Machine, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """One on a database of its own: a worker serves all organizations of its database."""
    folder = tmp_path_factory.mktemp("docker")
    engine = {"ORGSITE_ENGINE": "docker", "ORGSITE_RUNTIME_IMAGES": IMAGES}
    with new_site(folder, unblock=django_db_blocker.unblock, **engine) as site:
        yield site


@pytest.fixture(scope="module")
def browser_context_args(site: Site) -> dict[str, Any]:
    return context_args(site)


@pytest.fixture
def yard(site: Site, docker: Machine, tmp_path: Path, settings: Any) -> Yard:
    settings.ORGSITE_ENGINE = "docker"  # of what the test itself decides
    return Yard(site.database, docker, tmp_path)


@pytest.fixture
def page(sign_in: Open, site: Site, yard: Yard) -> Page:
    """A window of alice, who operates the yard's organization."""
    alice = Office(site).hire("alice", "Operator")
    here = site.database.ask(Organization.objects.get, slug=yard.slug)
    site.database.ask(Membership.objects.create, organization=here, user=alice)
    return sign_in(alice)


def remove_docs(page: Page) -> None:
    page.goto(LIST)
    row(page, "Docs", under="PM").get_by_role("checkbox").check()
    page.get_by_role("button", name="Go").click()
    page.get_by_label("Reason").fill("no longer needed")
    page.get_by_role("button", name="Remove 1 workspace").click()
    expect(page.get_by_text("1 workspace removed.")).to_be_visible()


def test_remove_regret_undo_and_it_runs_again_with_its_data(page: Page, yard: Yard) -> None:
    yard.merge({"PM": {"Docs": {}}})
    with yard.worker():
        yard.until(yard.settled)
        docs = yard.key("Docs")
        yard.inside(docs, "sh", "-c", "echo years of work >/data/book")
        remove_docs(page)
        page.goto("/admin/runs/")
        page.get_by_role("row").filter(has_text="remove").get_by_role("rowheader").get_by_role("link").click()
        expect(page.get_by_text(WAY_BACK)).to_be_visible()
        expect(page.get_by_text("gone, volumes kept")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text(re.compile(r", until \w{3} \d+ \w+"))).to_be_visible()
        assert docs not in yard.running()

        page.get_by_role("link", name="Undo this run…").click()
        expect(page.get_by_text(re.compile("come back, .*; a new token|come back; a new token"))).to_be_visible()
        page.get_by_role("button", name="Restore 1 workspace").click()
        expect(heading(page)).to_contain_text("undo of #")
        expect(page.get_by_text("volumes back")).to_be_visible()
        expect(page.get_by_role("progressbar", name="Restore")).to_have_attribute("value", "1", timeout=PATIENCE)
        yard.until(lambda: docs in yard.running())
        assert yard.volume_file(docs, "book") == "years of work\n"

        page.goto(f"{LIST}{docs}/change/")
        yard.until(lambda: yard.statuses() == {"online": 2})
        page.reload()
        expect(page.locator("p.ws-meta").first).to_contain_text("online")
    assert len(yard.tokens()[docs]) == 2
