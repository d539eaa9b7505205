"""Notes beside a request: never waited for, never the reason that it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, connection, connections
from pytest_django.plugin import DjangoDbBlocker

from audit.models import StructureEvent
from lib import optional_writes
from tests.databases import Database
from tests.hostile.wire import exchange, request
from tests.sites import Site, new_site
from workspaces.models import ApiToken
from workspaces.services.security.tokens import issue_api_token

LONG = 600  # seconds that whatever has to wait would wait
SOON = 120.0


@pytest.fixture(scope="module")
def site(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("notes")
    with new_site(folder, unblock=django_db_blocker.unblock, ORGSITE_LOCK_TIMEOUT=str(LONG)) as site:
        yield site


@contextmanager
def all_locked(database: Database) -> Iterator[None]:
    """An import is at work: on SQLite nobody else can write, on PostgreSQL nobody can change a token or a counter."""

    def take() -> Any:
        cursor = connection.cursor()
        if connection.vendor == "sqlite":
            cursor.execute("BEGIN IMMEDIATE")
        else:
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE workspaces_apitoken, workspaces_counter, structure_events IN SHARE MODE")
        return cursor

    cursor = database.ask(take)
    try:
        yield
    finally:
        database.ask(lambda: cursor.execute("ROLLBACK"))


@pytest.mark.parametrize(
    ("path", "known", "status"),
    [("/workspaces", True, 200), ("/readyz", True, 200), ("/workspaces", False, 401), ("/events", True, 200)],
)
def test_a_reader_does_not_wait_for_a_writer(site: Site, path: str, known: bool, status: int) -> None:
    token = site.database.ask(_token) if known else "org_unknown"
    with all_locked(site.database):
        answer = exchange(site.url, request("GET", path, headers=[("Authorization", f"Bearer {token}")]))
    assert (answer.status, answer.seconds < SOON) == (status, True), answer.body


def _token() -> str:
    user, _ = User.objects.get_or_create(username="root", defaults={"is_superuser": True})
    return issue_api_token(user)


def test_the_first_use_is_told_once_it_can_be_written(site: Site) -> None:
    token = site.database.ask(_token)
    asking = request("GET", "/workspaces", headers=[("Authorization", f"Bearer {token}")])
    before = site.database.ask(_first_uses)
    with all_locked(site.database):
        exchange(site.url, asking)
    assert site.database.ask(_first_uses) == before
    exchange(site.url, asking)
    assert site.database.ask(_first_uses) == before + 1
    assert site.database.ask(lambda: ApiToken.objects.latest("pk").last_used_at)


def _first_uses() -> int:
    return StructureEvent.objects.filter(event_type="security.token_first_used").count()


# ---- in this process


@pytest.mark.django_db
def test_a_note_that_cannot_be_written_is_left_out_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    optional_writes._logged.clear()
    for _ in range(3):
        with optional_writes.suppress_lost_writes("a thing"):
            raise OperationalError("database is locked")
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["a thing was not noted"]


@pytest.mark.django_db
def test_a_fault_of_the_program_is_not_hidden() -> None:
    with pytest.raises(IntegrityError), optional_writes.suppress_lost_writes("a thing"):
        raise IntegrityError("twice")


@pytest.mark.django_db(transaction=True)
def test_afterwards_statements_wait_as_long_as_before(settings: Any) -> None:
    def patience() -> Any:
        with connection.cursor() as cursor:
            sqlite = connection.vendor == "sqlite"
            cursor.execute("PRAGMA busy_timeout" if sqlite else "SELECT current_setting('lock_timeout')")
            return str(cursor.fetchone()[0]).removesuffix("ms")

    before = patience()
    with optional_writes.short_lock_wait():
        assert patience() == str(optional_writes.LOCK_WAIT)
    assert patience() == before
    assert connections["default"].connection is not None
