"""Health probes name the machine that they ask: both health paths answer whatever the `Host`, and nothing else does."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.once

HOSTS = ["10.42.0.17:8000", "[fd00::17]:8000", "site-7f9c", "", "two words", "a,b", "x_y", "ü", "orgs.example"]
PROBES = ["/healthz", "/healthz/", "/readyz", "/readyz/"]
OTHERS = ["/", "/admin/", "/admin/login/", "/healthz/more", "/healthzz", "/readyz//", "//healthz", "/events", "/docs"]


@pytest.fixture(autouse=True)
def _production(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["orgs.example"]
    settings.SECURE_SSL_REDIRECT = True


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "method"), list(product(PROBES, ["get", "head"])))
def test_a_probe_is_answered_whatever_the_host(client: Client, path: str, method: str) -> None:
    answers = {host: getattr(client, method)(path, headers={"Host": host}).status_code for host in HOSTS}
    assert answers == dict.fromkeys(HOSTS, 200)


@pytest.mark.django_db
@pytest.mark.parametrize("path", OTHERS)
@pytest.mark.parametrize("host", ["10.42.0.17:8000", "two words", "site-7f9c"])
def test_everything_else_still_wants_one_of_ours(client: Client, path: str, host: str) -> None:
    assert client.get(path, headers={"Host": host}, secure=True).status_code == 400


@pytest.mark.django_db
def test_a_probe_leaves_no_session_and_asks_for_none(client: Client, alice: User) -> None:
    client.force_login(alice)
    answer = client.get("/readyz", headers={"Host": "10.42.0.17"})
    assert answer.json()["containers_due"] == 0
    assert not answer.cookies


@pytest.mark.django_db
def test_a_probe_without_the_database_needs_no_session(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object) -> None:
        raise AssertionError("the session was read")

    monkeypatch.setattr("lib.sessions.SessionStore.load", away)
    client.cookies["sessionid"] = "x" * 32
    assert client.get("/healthz", headers={"Host": "10.42.0.17"}).status_code == 200
