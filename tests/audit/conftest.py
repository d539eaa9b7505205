"""The timeline as somebody sees it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

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
