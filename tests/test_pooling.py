"""The site, the worker and a command behind a real PgBouncer that pools transactions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from pytest_django.plugin import DjangoDbBlocker

from tests.audit.streams import listening
from tests.databases import CREATE, DROP, Database, _on_server, migrated_database
from tests.hostile.wire import Answer, exchange, request
from tests.poolers import SIZE, pooler
from tests.processes import finish, manage
from tests.programs import program
from tests.sites import Site, running_site
from workspaces.core.containers.lifecycle import Observed
from workspaces.models import Container, Organization, Workspace
from workspaces.services.security.tokens import issue_api_token

pytestmark = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="there is no pooler for SQLite")

WAIT = 1  # seconds that a change waits for its organization
SOON = 60.0  # seconds


class Pooled:
    """The running site behind the pooler; `database` is asked past it."""

    def __init__(self, site: Site, address: str, token: str) -> None:
        self.site, self.address, self.token = site, address, token
        self.ask = site.database.ask

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        headers = [("Authorization", f"Bearer {self.token}"), ("Content-Type", "application/json")]
        sent = b"" if body is None else json.dumps(body).encode()
        return exchange(self.site.url, request(method, path, body=sent, headers=headers))

    def send(self, org: str, *names: str, below: str = "", **more: Any) -> Answer:
        nodes: list[dict[str, Any]] = [{"name": name, "children": [{"name": "Child"}]} for name in names]
        template = {"name": "Dev", "workspaces": [{"name": below, "children": nodes}] if below else nodes}
        return self.call("POST", "/org/import", {"template": template, "org": org, **more})


def _settle() -> str:
    root = User.objects.create(username="root", is_superuser=True, is_staff=True)
    return issue_api_token(root)


@pytest.fixture(scope="module")
def database(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    with migrated_database(tmp_path_factory.mktemp("pooled"), unblock=django_db_blocker.unblock) as database:
        yield database


@pytest.fixture(scope="module")
def address(database: Database) -> Iterator[str]:
    with pooler(program("pgbouncer"), database._settings) as address:
        yield address


@pytest.fixture(scope="module")
def pooled(database: Database, address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pooled]:
    token = database.ask(_settle)
    ours = {"DATABASE_URL": address, "ORGSITE_LOCK_TIMEOUT": str(WAIT), "ORGSITE_THROTTLE": "off"}
    with running_site(tmp_path_factory.mktemp("site"), database, **ours) as site:
        yield Pooled(site, address, token)


@pytest.fixture
def org(pooled: Pooled, request: pytest.FixtureRequest) -> str:
    slug = f"org-{abs(hash(request.node.name))}"
    pooled.ask(Organization.objects.create, slug=slug, name=slug)
    return slug


def live(org: str) -> list[str]:
    rows = Workspace.objects.live().filter(organization__slug=org)
    return sorted(rows.values_list("name", flat=True))


@contextmanager
def held(database: Database, org: str) -> Iterator[None]:
    """Somebody else is changing the organization and does not come to an end."""
    entered: list[Any] = []

    def take() -> None:
        entered.append(transaction.atomic())
        entered[0].__enter__()
        Organization.objects.select_for_update(no_key=True).get(slug=org)

    database.ask(take)
    try:
        yield
    finally:
        database.ask(lambda: entered[0].__exit__(None, None, None))


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_an_import_a_reconcile_and_a_delete_go_through(pooled: Pooled, org: str) -> None:
    assert pooled.send(org, "PM", "Ops").status in (200, 201)
    assert pooled.send(org, "PM", below="Lead", mode="reconcile").status in (200, 201)
    assert pooled.ask(live, org) == ["Child", "Lead", "Ops", "PM"]
    key = pooled.ask(Workspace.objects.live().get, organization__slug=org, name="Lead").pk
    assert pooled.call("DELETE", f"/workspaces/{key}?confirm=true").status == 200
    assert pooled.ask(live, org) == ["Ops"]


@pytest.mark.parametrize("method", ["import", "create"])
def test_a_change_gives_up_when_its_organization_stays_locked(pooled: Pooled, org: str, method: str) -> None:
    with held(pooled.site.database, org):
        if method == "import":
            answer = pooled.send(org, "PM")
        else:
            answer = pooled.call("POST", "/workspaces", {"name": "PM", "org": org})
    assert (answer.status, int(answer.headers["retry-after"]) > 0) == (503, True)
    assert pooled.ask(live, org) == []


def test_more_come_at_once_than_there_are_connections(pooled: Pooled, org: str) -> None:
    with ThreadPoolExecutor(4 * SIZE) as crowd:
        answers = list(crowd.map(lambda _: pooled.call("GET", f"/workspaces?org={org}").status, range(8 * SIZE)))
    assert set(answers) == {200}


def test_nothing_stays_behind_in_the_poolers_sessions(pooled: Pooled, org: str) -> None:
    pooled.send(org, "PM")
    answer = pooled.ask(_settings_of_others, pooled.site.database._settings["NAME"])
    assert answer == 0, "a session keeps a lock or a transaction"


def _settings_of_others(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity LEFT JOIN pg_locks l ON l.pid = pg_stat_activity.pid AND l.locktype "
            "= 'advisory' WHERE datname = %s AND (state LIKE 'idle in%%' OR l.pid IS NOT NULL)",
            [name],
        )
        return int(cursor.fetchone()[0])


def test_the_stream_tells_what_happens(pooled: Pooled, org: str) -> None:
    with listening(pooled.site, pooled.token, after=0, org=org) as stream:
        assert pooled.send(org, "PM").status in (200, 201)
        told = [block.event for block in stream.events(6)]
    assert (told[0], told[-1]) == ("org.import.started", "org.import.completed")


def test_the_site_is_ready(pooled: Pooled) -> None:
    answer = pooled.call("GET", "/readyz")
    assert answer.status == 200, answer.body


def test_a_page_that_reads_whole_trees_opens(pooled: Pooled, org: str) -> None:
    assert pooled.send(org, *(f"W{n}" for n in range(200))).status in (200, 201)
    assert b"W150" in pooled.call("GET", f"/workspaces?org={org}&page_size=500").body


def test_a_command_imports_through_it(pooled: Pooled, org: str, tmp_path: Path) -> None:
    (tmp_path / "org.yaml").write_text("name: Dev\nworkspaces:\n  - name: PM\n")
    finish(manage(tmp_path, "import_org", str(tmp_path / "org.yaml"), "--org", org, database=pooled.address))
    assert pooled.ask(live, org) == ["PM"]


def test_a_worker_converges_through_it(
    pooled: Pooled, org: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ORGSITE_ENGINE = "fake"  # for this process, too, which writes what is wanted
    monkeypatch.setenv("ORGSITE_ENGINE", "fake")
    path = tmp_path / "org.yaml"
    path.write_text("name: Dev\nworkspaces:\n  - name: PM\n  - name: Ops\n")
    finish(manage(tmp_path, "import_org", str(path), "--org", org, database=pooled.address))
    worker = manage(tmp_path, "worker", database=pooled.address)
    try:
        wait_for(lambda: pooled.ask(_running, org) == 2)
    finally:
        worker.terminate()
        worker.communicate(timeout=SOON)


def _running(org: str) -> int:
    running = Observed.RUNNING
    return Container.objects.filter(workspace__organization__slug=org, observed=running).count()


def test_tables_are_made_through_it(pooled: Pooled, tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> None:
    name = f"{pooled.site.database._settings['NAME']}_new"
    with django_db_blocker.unblock():
        _on_server(DROP.format(name), CREATE.format(name))
    try:
        finish(manage(tmp_path, "migrate", "--verbosity", "0", database=f"{pooled.address}_new"))
    finally:
        with django_db_blocker.unblock():
            _on_server(DROP.format(name))


def test_an_option_that_the_pooler_refuses_is_named(pooled: Pooled, tmp_path: Path) -> None:
    refused = f"{pooled.address}?options=-c%20search_path%3Dpublic"
    process = manage(tmp_path, "create_org", "never", database=refused)
    said, _ = process.communicate(timeout=SOON)
    assert process.returncode == 1
    assert "refuses an option of DATABASE_URL" in said
    assert "Traceback" not in said
