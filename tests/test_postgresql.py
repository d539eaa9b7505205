"""The limits of PostgreSQL's sessions hold in every transaction, whatever the address says of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import Error, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext

from lib import database_errors as errors

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite waits by its own setting"),
]
LIMITS = "SELECT current_setting('lock_timeout'), current_setting('jit')"
OWN = "-c lock_timeout=0 -c jit=on -c statement_timeout=77s"


def asked(using: BaseDatabaseWrapper, statement: str = LIMITS) -> Any:
    with using.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


@pytest.fixture(params=["", OWN], ids=["plain", "with options of one's own"])
def session(request: pytest.FixtureRequest, settings: Any) -> Iterator[BaseDatabaseWrapper]:
    """A connection made with or without `?options=`."""
    settings.ORGSITE_LOCK_TIMEOUT = 3
    made = connections.create_connection("default")
    made.settings_dict = made.settings_dict | {"OPTIONS": {**made.settings_dict["OPTIONS"], "options": request.param}}
    yield made
    made.close()


def test_a_single_statement_brings_them(session: BaseDatabaseWrapper) -> None:
    assert asked(session) == ("3s", "off")


def test_a_transaction_has_them_from_its_first_statement_to_its_last(session: BaseDatabaseWrapper) -> None:
    session.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    assert [asked(session), asked(session)] == [("3s", "off")] * 2
    session.rollback()


def test_nothing_of_them_stays_in_the_session(session: BaseDatabaseWrapper) -> None:
    asked(session)
    raw: Any = session.connection
    assert raw.execute("SHOW lock_timeout").fetchone() == ("0",)


def test_what_else_the_address_says_is_kept(session: BaseDatabaseWrapper) -> None:
    own = "options" in session.settings_dict["OPTIONS"] and session.settings_dict["OPTIONS"]["options"]
    assert asked(session, "SELECT current_setting('statement_timeout')") == ("77s" if own else "0",)


def test_a_host_that_is_away_is_passed_by(session: BaseDatabaseWrapper) -> None:
    values = session.settings_dict
    hosts = {"host": f"127.0.0.1,{values['HOST']}", "port": f"1,{values['PORT'] or 5432}"}
    several = {**values["OPTIONS"], **hosts, "target_session_attrs": "read-write"}
    session.settings_dict = values | {"HOST": "", "PORT": "", "OPTIONS": several}
    assert asked(session) == ("3s", "off")


def test_a_changed_setting_counts_at_once(session: BaseDatabaseWrapper, settings: Any) -> None:
    settings.ORGSITE_LOCK_TIMEOUT = 7
    assert asked(session) == ("7s", "off")


@pytest.mark.parametrize("statement", ["VACUUM workspaces_organization", "SHOW lock_timeout", "CHECKPOINT"])
def test_what_must_stand_alone_does(session: BaseDatabaseWrapper, statement: str) -> None:
    with session.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("statement", "params"),
    [
        ("UPDATE workspaces_organization SET name = %s", ["é › 😀"]),
        (b"UPDATE workspaces_organization SET name = 'x'", None),
        ("  (SELECT 1) UNION ALL (SELECT 2) LIMIT 1", None),
        ("WITH one AS (SELECT 1 AS it) SELECT it FROM one", []),
        ("SELECT '%%', %s", [1]),
    ],
)
def test_rows_and_their_number_are_those_of_the_statement(
    session: BaseDatabaseWrapper, statement: Any, params: Any
) -> None:
    with session.cursor() as cursor:
        cursor.execute(statement, params)
        assert cursor.rowcount == 1
        assert cursor.description is None or len(cursor.fetchall()) == 1


REAL = {
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; DELETE FROM workspaces_counter": errors.READ_ONLY,
    "SET statement_timeout = '1ms'; SELECT pg_sleep(5)": errors.AWAY,
    "SELECT pg_terminate_backend(pg_backend_pid())": errors.LOST,
    "SELECT nothing FROM workspaces_counter": errors.NOT_MIGRATED,
    "TABLE nothing": errors.NOT_MIGRATED,
    "SELECT convert_to('\U0001f600', 'LATIN1')": errors.NOT_UTF8,
    "DO $$ BEGIN RAISE USING ERRCODE = '53300'; END $$": errors.AWAY,
    "DO $$ BEGIN RAISE USING ERRCODE = '40P01'; END $$": errors.AWAY,
    "SELECT 1 / 0": None,
    "SELEC 1": None,
}


@pytest.mark.parametrize("statement", REAL)
def test_what_the_server_really_raises_is_known(session: BaseDatabaseWrapper, statement: str) -> None:
    *before, last = statement.split("; ") if not statement.startswith("DO") else [statement]
    with session.cursor() as cursor:
        for each in before:
            cursor.execute(each)
        with pytest.raises(Error) as raised:
            cursor.execute(last)
    assert errors.trouble_of(raised.value) is REAL[statement]


def ask_slowly(session: BaseDatabaseWrapper) -> None:
    for _ in range(100):
        time.sleep(0.05)
        asked(session)


def test_a_transaction_that_was_idle_for_too_long_passes(session: BaseDatabaseWrapper) -> None:
    asked(session, "SELECT set_config('idle_in_transaction_session_timeout', '1ms', false)")
    session.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    with pytest.raises(Error) as raised:
        ask_slowly(session)
    # A client that was just sending may lose the server's words with the connection, and then says the careful thing.
    assert errors.trouble_of(raised.value) in (errors.AWAY, errors.LOST)


def test_a_transaction_costs_no_statement_more() -> None:
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        asked(connection)
    assert [query["sql"].split()[0] for query in queries] == ["BEGIN", "SELECT", "COMMIT"]
