"""Fixtures for the browser's tests: a running site, a real Chromium, and a `Watch` that collects errors of both.

There is one site and one browser for each process of the tests. `scripts/test.py` runs these tests in a process of
their own, because Playwright's event loop makes Django refuse database calls in other tests.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from pytest_django.plugin import DjangoDbBlocker

from scripts.browsers import chromium
from tests.browser.people import Office, session_of
from tests.browser.watching import Watch
from tests.sites import Site, new_site

CHROMIUM = chromium()
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
REQUIRED = "browser" in {name.strip() for name in os.environ.get("ORGSITE_TEST_REQUIRE", "").split(",")}
PATIENCE = 60_000  # milliseconds, on a machine that may be busy

expect.set_options(timeout=PATIENCE)

Open = Callable[..., Page]


def pytest_itemcollected(item: pytest.Item) -> None:
    if not CHROMIUM and not REQUIRED:
        item.add_marker(pytest.mark.skip(reason="no Chromium here; `make system-deps` installs it"))


# ---- the browser, for as long as tests of this folder run: its event loop is in the way of all others


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(playwright: Playwright, browser_type_launch_args: dict[str, Any]) -> Iterator[Browser]:
    assert CHROMIUM, "Chromium is required here (ORGSITE_TEST_REQUIRE); install it with `make system-deps`."
    browser = playwright.chromium.launch(**browser_type_launch_args, executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def browser_context_args(site: Site) -> dict[str, Any]:
    return context_args(site)


def context_args(site: Site) -> dict[str, Any]:
    """The options of every window at this site."""
    return {"base_url": site.url, "locale": "en-GB", "reduced_motion": "reduce"}


# ---- the site, and who works there


@pytest.fixture(scope="session")
def site(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with new_site(tmp_path_factory.mktemp("site"), unblock=django_db_blocker.unblock) as site:
        yield site


@pytest.fixture
def office(site: Site) -> Office:
    return Office(site)


@pytest.fixture
def alice(office: Office) -> User:
    return office.hire("alice", "Operator")


# ---- pages


@pytest.fixture
def watch(site: Site) -> Iterator[Watch]:
    watch = Watch(site)
    yield watch
    wrong = watch.verdict()
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def open_window(new_context: Callable[..., BrowserContext], watch: Watch) -> Open:
    """Open a window in which nobody is signed in; options as of a browser context."""

    def open_one(**options: Any) -> Page:
        context = new_context(**options)
        context.set_default_timeout(PATIENCE)
        watch.follow(context)
        return context.new_page()

    return open_one


@pytest.fixture
def sign_in(open_window: Open, site: Site) -> Open:
    """Open a window of a user."""

    def open_signed_in(user: User, **options: Any) -> Page:
        page = open_window(**options)
        page.context.add_cookies([{"name": "sessionid", "value": session_of(site, user), "url": site.url}])
        return page

    return open_signed_in


@pytest.fixture
def page(sign_in: Open, alice: User) -> Page:
    """A window of alice."""
    return sign_in(alice)
