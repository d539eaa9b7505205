"""Fixtures for the audit's tests: the timeline as a user sees it, and a running site for event streams."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from tests.audit.streams import People
from tests.sites import Site, new_site

ADDRESS = "/admin/timeline/"


@pytest.fixture
def look(alice: User) -> Callable[..., HttpResponse]:
    """Opens the timeline with these parameters, as alice if nobody else is given."""

    def open_it(user: User = alice, **parameters: str) -> HttpResponse:
        client = Client()
        client.force_login(user)
        return client.get(ADDRESS, {name.rstrip("_"): value for name, value in parameters.items()})

    return open_it


@pytest.fixture
def words() -> Callable[[HttpResponse], str]:
    """The text of a page, without its tags and with single spaces."""

    def text(response: HttpResponse) -> str:
        assert response.status_code == 200
        return " ".join(unescape(re.sub(r"<[^>]+>", "", response.content.decode())).split())

    return text


@pytest.fixture(scope="package")
def site(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Looks at its listeners every second."""
    short = {"ORGSITE_STREAM_KEEPALIVE": "1", "ORGSITE_STREAM_RECHECK": "1", "ORGSITE_MAX_STREAMS": "60"}
    with new_site(tmp_path_factory.mktemp("stream"), unblock=django_db_blocker.unblock, **short) as site:
        yield site


@pytest.fixture(scope="package")
def people(site: Site) -> People:
    return People(site)
