"""A site that is asked to end finishes what it is at, and says so where it cannot."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker

from tests.audit.streams import listening
from tests.databases import Database, migrated_database
from tests.hostile.wire import Answer, connected, heard, request
from tests.sites import Site, running_site
from workspaces.models import ImportRun, Organization, Workspace
from workspaces.services.security.tokens import issue_api_token

MANY = 3_000
FORMER = 6  # seconds: more than a request was given before it was cut
GENEROUS = 120  # seconds


@pytest.fixture(scope="module")
def database(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    with migrated_database(tmp_path_factory.mktemp("ending"), unblock=django_db_blocker.unblock) as database:
        yield database


@pytest.fixture(scope="module")
def token(database: Database) -> str:
    def come() -> str:
        return issue_api_token(User.objects.create_superuser("root", password="root-secret"))

    return database.ask(come)


@pytest.fixture
def organization(database: Database, request: pytest.FixtureRequest) -> str:
    """A fresh one for each test."""
    slug = f"org-{abs(hash(request.node.name))}"
    database.ask(Organization.objects.create, slug=slug, name=slug)
    return slug


@pytest.fixture
def held(database: Database, organization: str) -> Iterator[Callable[[], Any]]:
    """The organization's lock is somebody else's until the function is called."""
    locked, let_go = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            Organization.objects.select_for_update().get(slug=organization)
            locked.set()
            let_go.wait(GENEROUS)

    with ThreadPoolExecutor(1) as thread:
        holding = thread.submit(database.ask, hold)
        assert locked.wait(GENEROUS)
        yield lambda: (let_go.set(), holding.result(GENEROUS))
        let_go.set()


@contextmanager
def importing(site: Site, token: str, organization: str) -> Iterator[Future[Answer]]:
    """An import that is on its way: the site has heard of it when this begins."""
    tree = [{"name": f"w{number}"} for number in range(MANY)]
    body = json.dumps({"template": {"name": "Dev", "workspaces": tree}, "org": organization}).encode()
    headers = [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")]
    with connected(site.url) as line, ThreadPoolExecutor(1) as thread:
        line.settimeout(GENEROUS)
        line.sendall(request("POST", "/org/import", body=body, headers=headers))
        await_arrival(site)
        yield thread.submit(heard, line)


def await_arrival(site: Site) -> None:
    """Until the site has heard of what was sent before: a request that came later is answered."""
    with connected(site.url) as other:
        other.settimeout(GENEROUS)
        other.sendall(request("GET", "/healthz"))
        assert heard(other).status == 200
    time.sleep(0.5)


def terminate(site: Site) -> None:
    os.kill(site.process, signal.SIGTERM)


def await_end(site: Site) -> int:
    """The signal by which the process has ended."""
    due = time.monotonic() + GENEROUS
    while not (ended := os.waitid(os.P_PID, site.process, os.WEXITED | os.WNOWAIT | os.WNOHANG)):
        assert time.monotonic() < due, "the process goes on"
        time.sleep(0.05)
    return ended.si_status


def states(organization: str) -> list[str]:
    return list(ImportRun.objects.filter(organization__slug=organization).values_list("state", flat=True))


def live(organization: str) -> int:
    return Workspace.objects.live().filter(organization__slug=organization).count()


def test_an_import_that_is_at_work_finishes_and_is_answered(
    database: Database, token: str, organization: str, held: Callable[[], Any], tmp_path: Path
) -> None:
    with running_site(tmp_path, database) as site, importing(site, token, organization) as answer:
        terminate(site)
        time.sleep(FORMER)
        held()
        said = answer.result(GENEROUS)
        assert (said.status, json.loads(said.body)["created_count"]) == (201, MANY)
        assert said.headers["connection"] == "close"
        assert await_end(site) == signal.SIGTERM
    assert (database.ask(states, organization), database.ask(live, organization)) == (["completed"], MANY)


def test_an_import_that_takes_longer_than_the_grace_is_answered_and_undone(
    database: Database, token: str, organization: str, held: Callable[[], Any], tmp_path: Path
) -> None:
    short = running_site(tmp_path, database, ORGSITE_SHUTDOWN_GRACE="1")
    with short as site, importing(site, token, organization) as answer:
        terminate(site)
        said = answer.result(GENEROUS)
        assert (said.status, said.headers["retry-after"], said.headers["connection"]) == (503, "5", "close")
        assert "nothing" in json.loads(said.body)["error"]
        assert await_end(site) == signal.SIGTERM
        assert "Traceback" not in site.said()
    held()
    with running_site(tmp_path, database):
        due = time.monotonic() + GENEROUS
        while "running" in database.ask(states, organization):
            assert time.monotonic() < due, "the run is left open"
            time.sleep(0.2)
    assert database.ask(live, organization) == 0
    assert set(database.ask(states, organization)) <= {"failed"}


@pytest.mark.once
def test_a_person_is_told_on_a_page(database: Database, tmp_path: Path) -> None:
    with running_site(tmp_path, database, ORGSITE_SHUTDOWN_GRACE="1") as site, connected(site.url) as line:
        line.sendall(request("POST", "/admin/login/", length="100"))
        await_arrival(site)
        terminate(site)
        said = heard(line)
        assert (said.status, said.headers["content-type"]) == (503, "text/html; charset=utf-8")
        await_end(site)


@pytest.mark.once
def test_streams_and_idle_connections_end_at_once(database: Database, token: str, tmp_path: Path) -> None:
    with running_site(tmp_path, database, ORGSITE_SHUTDOWN_GRACE="3600") as site:
        idle = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=GENEROUS)
        idle.request("GET", "/healthz")
        assert idle.getresponse().read()
        with listening(site, token) as stream:
            stream.position()
            terminate(site)
            while stream.block():
                pass
            assert idle.sock
            assert idle.sock.recv(1) == b""
            idle.close()
            assert await_end(site) == signal.SIGTERM


@pytest.mark.once
def test_a_stream_that_begins_while_the_site_ends_does_not_hold_it(
    database: Database, token: str, tmp_path: Path, organization: str
) -> None:
    """Many at once, so that some of them are still waiting for their turn."""
    with running_site(tmp_path, database, ORGSITE_SHUTDOWN_GRACE="3600") as site:
        lines = [socket.create_connection(urlsplit(site.url).netloc.split(":"), timeout=GENEROUS) for _ in range(60)]
        for line in lines:
            line.sendall(request("GET", "/events/stream", headers=[("Authorization", f"Bearer {token}")]))
        while not lines[0].recv(2**16):
            pass
        terminate(site)
        assert await_end(site) == signal.SIGTERM
        for line in lines:
            line.close()
