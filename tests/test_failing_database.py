"""The running site, a worker and a command on a database that fails for a while: sentences, and no stack trace."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from lib.database_errors import NOT_MIGRATED, READ_ONLY, Trouble
from tests.databases import Database
from tests.hostile.wire import Answer, exchange, request
from tests.processes import finish, manage
from tests.sites import Site, new_site
from workspaces.core.containers.lifecycle import Observed
from workspaces.models import Container, Organization
from workspaces.services.security.tokens import issue_api_token

postgres = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no such failure")
TREE = {"name": "Dev", "workspaces": [{"name": "PM"}]}


@pytest.fixture(scope="module")
def site(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("failing")
    with new_site(folder, unblock=django_db_blocker.unblock, ORGSITE_THROTTLE="1000") as site:
        yield site


def call(site: Site, method: str, path: str, body: Any = None, *, token: str = "") -> Answer:
    token = token or site.database.ask(_token)
    headers = [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")]
    return exchange(site.url, request(method, path, body=json.dumps(body).encode() if body else b"", headers=headers))


def _token() -> str:
    user, _ = User.objects.get_or_create(username="root", defaults={"is_superuser": True})
    return issue_api_token(user)


@contextmanager
def changed(database: Database, on: str, off: str) -> Iterator[None]:
    """`{}` is the database's name; new connections see it, and the site makes one for each request."""
    name = database._settings["NAME"]
    database.ask(_execute, on.format(name))
    try:
        yield
    finally:
        database.ask(_execute, off.format(name))


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def without(table: str, column: str = "") -> tuple[str, str]:
    """A table, or one of its columns, has another name for a while."""
    if column:
        return f"ALTER TABLE {table} RENAME {column} TO hidden", f"ALTER TABLE {table} RENAME hidden TO {column}"
    return f"ALTER TABLE {table} RENAME TO hidden", f"ALTER TABLE hidden RENAME TO {table}"


def limited(name: str, value: str) -> tuple[str, str]:
    return f"ALTER DATABASE {{}} SET {name} = {value}", f"ALTER DATABASE {{}} RESET {name}"


STANDBY = limited("default_transaction_read_only", "on")
BREAKS = [
    pytest.param(without("workspaces_workspace"), NOT_MIGRATED, True, id="a table is missing"),
    pytest.param(without("workspaces_workspace", "name"), NOT_MIGRATED, True, id="a column is missing"),
    pytest.param(STANDBY, READ_ONLY, False, id="after a failover", marks=postgres),
]  # fmt: skip


@pytest.mark.parametrize(("how", "trouble", "reads_fail"), BREAKS)
def test_requests_hear_a_sentence(site: Site, how: tuple[str, str], trouble: Trouble, reads_fail: bool) -> None:
    fresh = [site.database.ask(_token) for _ in range(3)]
    with changed(site.database, *how):
        read, change, page = (
            call(site, *asked, token=token)
            for token, asked in zip(
                fresh,
                [("GET", "/workspaces"), ("POST", "/org/import", {"template": TREE, "org": "default"}),
                 ("GET", "/admin/login/")],
                strict=True,
            )
        )  # fmt: skip
    assert read.status == (503 if reads_fail else 200)
    assert (change.status, trouble.sentence in change.body.decode()) == (503, True), change.body
    assert ("retry-after" in change.headers) is trouble.passes
    assert page.status == 200
    assert call(site, "GET", "/workspaces").status == 200
    assert "Traceback" not in site.said()


@postgres
def test_a_failover_is_said_by_readyz(site: Site) -> None:
    with changed(site.database, *STANDBY):
        ready = call(site, "GET", "/readyz", token="none")
    assert (ready.status, json.loads(ready.body)["checks"]["writes"]) == (503, "read-only")
    assert call(site, "GET", "/readyz").status == 200


@postgres
def test_a_dry_run_is_answered_after_a_failover(site: Site) -> None:
    asked = {"template": {"name": "Dev", "workspaces": [{"name": "Never made"}]}, "org": "default", "dry_run": True}
    with changed(site.database, *STANDBY):
        answer = call(site, "POST", "/org/import", asked)
    assert (answer.status, json.loads(answer.body)["created_count"]) == (200, 1), answer.body


@postgres
def test_a_command_says_it_and_ends_with_one(site: Site, tmp_path: Path) -> None:
    with changed(site.database, *STANDBY):
        command = manage(tmp_path, "create_org", "never", database=site.database.address)
        said, _ = command.communicate(timeout=60)
    assert (command.returncode, READ_ONLY.sentence in said, "Traceback" in said) == (1, True, False), said
    assert not site.database.ask(Organization.objects.filter(slug="never").exists)


@postgres
def test_a_worker_lives_through_a_failover(site: Site, tmp_path: Path, monkeypatch: Any, settings: Any) -> None:
    monkeypatch.setenv("ORGSITE_ENGINE", "fake")
    (tmp_path / "org.json").write_text(json.dumps(TREE))
    made = manage(tmp_path, "import_org", str(tmp_path / "org.json"), database=site.database.address)
    finish(made)
    with changed(site.database, *STANDBY):
        worker = manage(tmp_path, "worker", database=site.database.address)
        early = _lines_until("read-only", worker.stdout)
    try:
        _wait_for(lambda: site.database.ask(_running) == 1)
    finally:
        worker.terminate()
        said, _ = worker.communicate(timeout=60)
    assert (worker.returncode, "Traceback" in said + early) == (0, False), said


def _running() -> int:
    return Container.objects.filter(observed=Observed.RUNNING).count()


def _lines_until(word: str, stream: Any) -> str:
    said = ""
    while word not in said:
        line = stream.readline()
        assert line, said
        said += line
    return said


def _wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)
