"""The home page of a site with an engine that holds what the database does not know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.people import session_of
from tests.browser.test_every_page import NARROW, STICKING_OUT, examine
from tests.browser.watching import Watch
from tests.sites import Site, running_site
from workspaces.core.containers.lifecycle import ContainerState
from workspaces.core.containers.sweep_plan import Held, Unknown
from workspaces.models import Stray, UnknownEpoch
from workspaces.services.containers.installation import installation, note_epochs
from workspaces.services.sweep.strays import note_strays

STRAYS = [
    Unknown(id=UUID(int=number), why="no workspace has this id", held=Held(state=ContainerState.RUNNING, name="Secret"))
    for number in (1, 2)
]


@pytest.fixture
def with_engine(site: Site, tmp_path: Path) -> Iterator[Site]:
    """A site on the same database as the others, which have no engine and show nothing of it."""
    site.database.ask(installation)
    site.database.ask(note_strays, STRAYS)
    site.database.ask(note_epochs, {f"999999:{'0' * 32}"})
    with running_site(tmp_path, site.database, ORGSITE_ENGINE="fake") as running:
        yield running
    site.database.ask(lambda: (Stray.objects.all().delete(), UnknownEpoch.objects.all().delete()))


@pytest.fixture
def watch(with_engine: Site) -> Iterator[Watch]:
    watch = Watch(with_engine)
    yield watch
    wrong = watch.verdict()
    assert not wrong, "\n".join(wrong)


def home(open_window: Open, site: Site, user: User, **options: object) -> Page:
    page = open_window(**options)
    page.context.add_cookies([{"name": "sessionid", "value": session_of(site, user), "url": site.url}])
    page.goto(f"{site.url}/admin/", timeout=60_000)  # the site has only just been started
    return page


@pytest.mark.parametrize("options", [{}, {"viewport": NARROW}], ids=["wide", "narrow"])
def test_strays_and_a_restored_database_are_readable_and_name_the_commands(
    open_window: Open, with_engine: Site, alice: User, options: dict
) -> None:
    page = home(open_window, with_engine, alice, **options)
    alarm = page.get_by_role("region", name="This database is not the one that the containers were made from")
    expect(alarm).to_contain_text("manage.py sweep --accept")
    found = page.get_by_role("region", name="The engine holds something for 2 workspaces")
    expect(found).to_contain_text("manage.py sweep --dry-run")
    expect(page.get_by_text("Secret")).to_have_count(0)
    examine(page)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), page.evaluate(STICKING_OUT)
