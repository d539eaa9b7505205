"""Errors of the database by class: what passes, what needs somebody, and what is a fault of this program."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import psycopg
import pytest
from django.db import DataError, IntegrityError, InterfaceError, NotSupportedError, OperationalError, ProgrammingError
from psycopg import errors

from lib import database_errors as known
from lib.database_errors import Trouble, driver_message, explained, trouble_of

OF_POSTGRES = {
    "25006": known.READ_ONLY, "25P03": known.AWAY, "57P01": known.LOST, "57P02": known.LOST, "57P03": known.AWAY,
    "53300": known.AWAY, "53200": known.AWAY, "53100": known.FULL, "40001": known.AWAY, "40P01": known.AWAY,
    "55P03": known.AWAY, "57014": known.AWAY, "08006": known.LOST, "08P01": known.AWAY, "42P01": known.NOT_MIGRATED,
    "42703": known.NOT_MIGRATED, "3F000": known.NOT_MIGRATED, "22P05": known.NOT_UTF8, "42501": known.FORBIDDEN,
    "58030": known.BROKEN, "XX000": known.BROKEN, "XX001": known.BROKEN, "28P01": known.REFUSED,
    "3D000": known.NO_DATABASE,
    "22003": None, "23505": None, "25P02": None, "42601": None, "P0001": None,
}  # fmt: skip
OF_SQLITE = {
    sqlite3.SQLITE_BUSY: known.AWAY, sqlite3.SQLITE_BUSY_SNAPSHOT: known.AWAY, sqlite3.SQLITE_LOCKED: known.AWAY,
    sqlite3.SQLITE_LOCKED_SHAREDCACHE: known.AWAY, sqlite3.SQLITE_READONLY: known.LOCKED_FILE,
    sqlite3.SQLITE_READONLY_DBMOVED: known.LOCKED_FILE, sqlite3.SQLITE_FULL: known.FULL,
    sqlite3.SQLITE_IOERR_WRITE: known.BROKEN, sqlite3.SQLITE_CANTOPEN: known.NO_FILE,
    sqlite3.SQLITE_CORRUPT: known.BROKEN, sqlite3.SQLITE_NOTADB: known.BROKEN, sqlite3.SQLITE_CONSTRAINT: None,
    sqlite3.SQLITE_MISUSE: None,
}  # fmt: skip
WITHOUT_A_CODE = {
    "connection failed: connection to server at \"127.0.0.1\", port 1 failed: Connection refused": known.AWAY,
    "the connection is closed": known.AWAY,
    "SSL SYSCALL error: EOF detected": known.AWAY,
    "connection failed: FATAL:  sorry, too many clients already": known.AWAY,
    "connection failed: FATAL:  the database system is starting up": known.AWAY,
    'connection failed: FATAL:  password authentication failed for user "orgs"': known.REFUSED,
    'connection failed: FATAL:  no pg_hba.conf entry for host "10.0.0.1"': known.REFUSED,
    'connection failed: FATAL:  role "orgs" does not exist': known.REFUSED,
    'connection failed: FATAL:  database "orgs" does not exist': known.NO_DATABASE,
    "connection failed: FATAL:  unsupported startup parameter: options": known.OPTION,
    "connection failed: server does not support SSL, but SSL was required": known.ENCRYPTION,
    "connection failed: SSL error: certificate verify failed": known.ENCRYPTION,
}  # fmt: skip


def as_django(error: Exception, kind: type[Exception] = OperationalError) -> Exception:
    """The error as Django raises it."""
    ours = kind(*error.args)
    ours.__cause__ = error
    return ours


@pytest.mark.parametrize(("state", "trouble"), OF_POSTGRES.items())
@pytest.mark.parametrize("kind", [OperationalError, ProgrammingError, DataError])
def test_an_error_of_postgresql_is_told_by_its_state(state: str, trouble: Trouble | None, kind: type) -> None:
    assert trouble_of(as_django(errors.lookup(state)("the server's words"), kind)) is trouble


@pytest.mark.parametrize(("code", "trouble"), OF_SQLITE.items())
def test_an_error_of_sqlite_is_told_by_its_code(code: int, trouble: Trouble | None) -> None:
    error = sqlite3.OperationalError("the library's words")
    error.sqlite_errorcode = code
    assert trouble_of(as_django(error)) is trouble


@pytest.mark.parametrize(("text", "trouble"), WITHOUT_A_CODE.items())
def test_a_connection_that_was_refused_is_told_by_its_text(text: str, trouble: Trouble) -> None:
    assert trouble_of(as_django(psycopg.OperationalError(text))) is trouble


@pytest.mark.parametrize("statement", ["SELECT * FROM missing", "SELECT missing", "INSERT INTO t (missing) VALUES (1)"])
def test_what_sqlite_lacks_has_to_be_migrated(statement: str) -> None:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE t (id)")
    with pytest.raises(sqlite3.OperationalError) as raised:
        database.execute(statement)
    assert trouble_of(as_django(raised.value)) is known.NOT_MIGRATED


@pytest.mark.parametrize("statement", ["SELEC 1", "SELECT nothing()", "BEGIN; ROLLBACK; ROLLBACK"])
def test_a_statement_that_is_wrong_is_a_fault_of_the_program(statement: str) -> None:
    with pytest.raises(sqlite3.OperationalError) as raised:
        sqlite3.connect(":memory:").executescript(statement)
    assert trouble_of(as_django(raised.value)) is None


def test_a_file_that_is_no_database_needs_somebody(tmp_path: Path) -> None:
    (tmp_path / "db").write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(sqlite3.DatabaseError) as raised:
        sqlite3.connect(tmp_path / "db").execute("SELECT 1 FROM sqlite_master")
    assert trouble_of(raised.value) is known.BROKEN


@pytest.mark.parametrize(
    "error", [ValueError("no"), OSError("disk"), IntegrityError("twice"), DataError("range"), None]
)
def test_all_else_is_no_trouble_of_the_database(error: Exception | None) -> None:
    assert trouble_of(error) is None


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("gone")])
def test_an_error_that_says_nothing_passes(error: Exception) -> None:
    assert trouble_of(error) is known.AWAY


def test_a_server_that_is_too_old_is_said() -> None:
    trouble = trouble_of(NotSupportedError("PostgreSQL 14 or later is required (found 13.5)."))
    assert trouble is not None
    assert not trouble.passes
    assert "PostgreSQL 14 or later is required (found 13.5)" in trouble.sentence


def test_whoever_runs_the_site_hears_the_driver_on_one_line() -> None:
    error = as_django(psycopg.OperationalError('connection to "db", port 5 failed: refused\n\tIs it running?'))
    assert explained(error) == f'{known.AWAY.sentence} (connection to "db", port 5 failed: refused Is it running?)'
    assert len(driver_message(OperationalError("x" * 5_000))) == known.LONGEST


def test_only_what_passes_invites_to_try_again() -> None:
    troubles = {*known.SQLSTATES.values(), *known.SQLITE_CODES.values(), *known.TEXTS.values()}
    assert {trouble.passes for trouble in troubles if "try again" in trouble.sentence} == {True}
    assert all("omebody has to" in trouble.sentence for trouble in troubles if not trouble.passes)


def test_every_error_of_psycopg_is_told_without_failing() -> None:
    for kind in {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, psycopg.Error)}:
        trouble_of(as_django(kind("words")))
