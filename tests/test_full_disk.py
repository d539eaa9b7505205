"""A disk without a free byte: readers are served, writers hear why not, `/readyz` says so, and it passes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from pytest_django.plugin import DjangoDbBlocker

from lib import optional_writes
from tests.databases import Database, _on_server, migrated_database
from tests.hostile.wire import Answer, exchange, request
from tests.sites import Site, running_site
from tests.small_disks import filled, small_disk
from workspaces.services.security.tokens import issue_api_token

SIZE = 48  # mebibytes


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with small_disk(Path("/tmp") / f"orgsite-small-{os.getpid()}", mebibytes=SIZE) as disk:
        yield disk


@pytest.fixture(scope="module")
def database(disk: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Database]:
    """On that disk: SQLite's file, or a tablespace of PostgreSQL whose log is elsewhere."""
    with migrated_database(disk, unblock=django_db_blocker.unblock) as database:
        if connection.vendor == "sqlite":
            yield database
            return
        name, space = database._settings["NAME"], f"small_{os.getpid()}"
        with django_db_blocker.unblock():
            _give_to_server(disk)
            database.ask(connections.close_all)
            _on_server(
                f"CREATE TABLESPACE {space} LOCATION '{disk / 'space'}'",
                f"ALTER DATABASE {name} SET TABLESPACE {space}",
            )
        yield database
        with django_db_blocker.unblock():
            database.ask(connections.close_all)
            _on_server(f"ALTER DATABASE {name} SET TABLESPACE pg_default", f"DROP TABLESPACE {space}")


def _give_to_server(disk: Path) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute("SHOW data_directory")
        data = Path(cursor.fetchone()[0])
    if not data.exists():
        pytest.skip("a small disk is not installed here: the server runs on another machine.")
    (disk / "space").mkdir()
    os.chown(disk / "space", data.stat().st_uid, data.stat().st_gid)


@pytest.fixture(scope="module")
def token(database: Database) -> str:
    return database.ask(lambda: issue_api_token(User.objects.create(username="root", is_superuser=True)))


@pytest.fixture(scope="module")
def site(database: Database, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site"), database, ORGSITE_THROTTLE="off") as site:
        yield site


def call(site: Site, token: str, method: str, path: str, body: Any = None) -> Answer:
    headers = [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")]
    return exchange(site.url, request(method, path, body=json.dumps(body).encode() if body else b"", headers=headers))


def template(size: int) -> dict[str, Any]:
    nodes = [{"name": f"W{n}", "role": "x" * 200} for n in range(size)]
    return {"template": {"name": "Dev", "workspaces": nodes}, "org": "default"}


def checks(site: Site, token: str) -> dict[str, str]:
    return json.loads(call(site, token, "GET", "/readyz").body)["checks"]


def test_a_full_disk_is_said_and_passes(site: Site, token: str, disk: Path) -> None:
    assert checks(site, token)["writes"] == "ok"
    with filled(disk):
        answer = call(site, token, "POST", "/org/import", template(5_000))
        assert (answer.status, "disk of the database is full" in answer.body.decode()) == (503, True), answer.body
        assert "retry-after" not in answer.headers
        assert call(site, token, "GET", "/workspaces").status == 200
        ready = call(site, token, "GET", "/readyz")
        assert (ready.status, json.loads(ready.body)["checks"]["writes"]) == (503, "full")
    assert call(site, token, "POST", "/org/import", template(3)).status in (200, 201)
    assert call(site, token, "GET", "/readyz").status == 200
    assert "Traceback" not in site.said()


@pytest.mark.once
@pytest.mark.parametrize(("path", "kind"), [("/org/import", "application/json"), ("/admin/import/", "text/html")])
def test_an_upload_that_finds_no_room_is_refused_with_a_sentence(
    database: Database, token: str, tmp_path: Path, path: str, kind: str
) -> None:
    with (
        small_disk(tmp_path / "small", mebibytes=1) as small,
        running_site(tmp_path, database, TMPDIR=str(small)) as site,
    ):
        answer = call(site, token, "POST", path, {"template": {"name": "x" * 4_000_000}})
        assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (503, kind)
        assert "The disk of this server is full" in answer.body.decode()
        assert "database" not in answer.body.decode()
        assert "Traceback" not in site.said()


def test_a_folder_for_uploads_without_room_is_said(tmp_path: Path, settings: Any) -> None:
    with small_disk(tmp_path / "small", mebibytes=1) as small:
        settings.FILE_UPLOAD_TEMP_DIR = str(small)
        assert optional_writes.uploads_state() == "ok"
        with filled(small):
            assert optional_writes.uploads_state() == "full"
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "gone")
    assert optional_writes.uploads_state() == "unavailable"
