"""A database that takes no changes, as after a failover: what reads goes on, what writes hears a sentence."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from lib.database_errors import LOCKED_FILE, READ_ONLY, Trouble
from tests.databases import taking_no_changes
from tests.doors import TABLE
from tests.test_every_door import World, ask, asked, furnished, signed_in, world

__all__ = ["furnished", "world"]

READING = [each for each in asked() if each[1] == "GET"]
WRITING = [each for each in asked() if each[1] != "GET"]


@pytest.fixture
def trouble() -> Trouble:
    return READ_ONLY if connection.vendor == "postgresql" else LOCKED_FILE


@pytest.fixture
def read_only(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """From now on in this test; everybody is logged in already."""
    world.sessions["right"].set_password("right-secret")
    world.sessions["right"].save()
    world.cookies = {name: signed_in(user) for name, user in world.sessions.items()}  # the password is another one
    with taking_no_changes():
        yield


@pytest.mark.usefixtures("read_only")
def test_what_is_read_is_answered_as_ever(world: World) -> None:
    for route, method in READING:
        for caller, session in (("right", False), ("unprivileged", False), ("anonymous", False)):
            answer = ask(world, TABLE[route][method], method, route, caller, session=session)
            assert answer.status_code not in (500, 503) or route.startswith("readyz"), (route, caller, answer.content)


@pytest.mark.usefixtures("read_only")
def test_what_writes_hears_a_sentence(world: World, trouble: Trouble) -> None:
    refused = 0
    for route, method in WRITING:
        with transaction.atomic():
            answer = ask(world, TABLE[route][method], method, route, "right")
            transaction.set_rollback(True)
        assert answer.status_code in (503, *range(200, 500)), (route, method)
        if answer.status_code == 503:
            refused += 1
            assert trouble.sentence in html.unescape(answer.content.decode()), (route, method)
            assert ("Retry-After" in answer) is trouble.passes
    assert refused > 10


@pytest.mark.usefixtures("read_only")
def test_a_login_hears_a_sentence(world: World, trouble: Trouble) -> None:
    client = Client(raise_request_exception=False)
    answer = client.post("/admin/login/", {"username": "right", "password": "right-secret"})
    assert answer.status_code == 503
    assert trouble.sentence in html.unescape(answer.content.decode())


def test_the_log_has_one_line_and_no_trace(
    world: World, read_only: None, caplog: pytest.LogCaptureFixture, trouble: Trouble, settings: Any
) -> None:
    caplog.clear()
    answer = ask(world, TABLE["workspaces"]["POST"], "POST", "workspaces", "right")
    told = [record for record in caplog.records if record.name != "lib.optional_writes"]
    assert answer.status_code == 503
    assert len(told) == 1
    assert trouble.sentence in told[0].getMessage()
    assert told[0].exc_info is None
