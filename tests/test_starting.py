"""A database that does not fit is refused at the start, with a sentence; one that is only away is waited for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.backends.base import base
from pytest_django.plugin import DjangoDbBlocker

from lib import database_fitness
from tests.databases import _on_server, migrated_database
from tests.processes import ROOT, address_of, environment

AWAY = "postgres://nobody@127.0.0.1:1/nothing"
SERVE = ("-m", "orgsite.serve", "--port", "0")
STARTS = {
    "site": SERVE,
    "worker": ("manage.py", "worker"),
    "a command": ("manage.py", "create_org", "acme"),
}
postgres = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="only PostgreSQL has encodings and versions")


def start(database: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(database) | {"DJANGO_SETTINGS_MODULE": "orgsite.settings", "ORGSITE_ENGINE": "fake"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(database: str, *arguments: str) -> tuple[int, str]:
    """Exit status and words."""
    process = start(database, *arguments)
    said, _ = process.communicate(timeout=120)
    return process.returncode, said


@pytest.fixture
def empty(tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The address of a database without tables."""
    yield from _made(tmp_path, django_db_blocker, "ENCODING 'UTF8'")


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
def not_utf8(
    request: pytest.FixtureRequest, tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    yield from _made(tmp_path, django_db_blocker, f"ENCODING '{request.param}' LC_COLLATE 'C' LC_CTYPE 'C'")


def _made(folder: Path, blocker: DjangoDbBlocker, how: str) -> Iterator[str]:
    settings = deepcopy(connection.settings_dict)
    if connection.vendor == "sqlite":
        yield f"sqlite:///{folder / 'empty.sqlite3'}"
        return
    settings["NAME"] = f"orgsite_start_{os.getpid()}"
    with blocker.unblock():
        _on_server(f'CREATE DATABASE "{settings["NAME"]}" TEMPLATE template0 {how}')
    yield address_of(settings)
    with blocker.unblock():
        _on_server(f'DROP DATABASE "{settings["NAME"]}" WITH (FORCE)')


@pytest.mark.parametrize("what", STARTS)
def test_a_database_without_tables_is_refused(empty: str, what: str) -> None:
    status, said = run(empty, *STARTS[what])
    assert (status, "run `python manage.py migrate`" in said) == (1, True), said
    assert "Traceback" not in said


def test_one_that_is_half_migrated_is_refused(tmp_path: Path, django_db_setup: None, django_db_blocker: Any) -> None:
    with migrated_database(tmp_path, unblock=django_db_blocker.unblock) as database:
        database.ask(call_command, "migrate", "workspaces", "0001", interactive=False, verbosity=0)
        status, said = run(database.address, *SERVE)
    assert (status, said.count("\n")) == (1, 1), said
    assert "The database lacks " in said


@postgres
@pytest.mark.parametrize("arguments", [*STARTS.values(), ("manage.py", "migrate")])
def test_a_database_that_is_not_utf_8_is_refused(not_utf8: str, arguments: tuple[str, ...]) -> None:
    status, said = run(not_utf8, *arguments)
    assert (status, "this site needs UTF8" in said, "Traceback" in said) == (1, True, False), said


@postgres
@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(connection.features), "minimum_database_version", (99,))
    monkeypatch.setattr(base, "RAN_DB_VERSION_CHECK", set())  # asked once in a process
    connection.close()
    assert database_fitness.refusal().startswith("PostgreSQL 99 or later is required (found ")
    monkeypatch.undo()
    assert database_fitness.refusal() == ""


@pytest.mark.parametrize("what", ["site", "worker"])
def test_a_database_that_is_away_is_waited_for(what: str) -> None:
    process = start(AWAY, *STARTS[what])
    ready = {"site": "Uvicorn running", "worker": "waits for the database"}[what]
    try:
        lines = list(takewhile(lambda line: ready not in line, process.stdout or ()))
        assert process.poll() is None, lines
    finally:
        process.kill()
        process.communicate()
    assert any("port 1" in line for line in lines)
    assert not any("Traceback" in line for line in lines)


@pytest.mark.parametrize(
    "arguments", [STARTS["a command"], ("manage.py", "migrate"), ("manage.py", "createsuperuser", "--no-input")]
)
def test_a_command_says_why_the_database_is_away(arguments: tuple[str, ...]) -> None:
    status, said = run(AWAY, *arguments)
    assert (status, "port 1" in said, "Traceback" in said) == (1, True, False), said


def test_a_folder_that_is_not_there_is_named_as_the_reason(tmp_path: Path) -> None:
    status, said = run(f"sqlite:///{tmp_path / 'gone' / 'db.sqlite3'}", *SERVE)
    assert (status, "file cannot be opened" in said, "Traceback" in said) == (1, True, False), said
