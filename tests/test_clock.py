"""The database's clock: whatever this machine's shows, and whoever sets it meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lib import database_clock
from lib.database_clock import database_now
from tests.clocks import HOURS, machine_clock_off_by

pytestmark = pytest.mark.django_db
CLOSE = timedelta(seconds=30)  # this machine may be busy


@pytest.fixture(autouse=True)
def _unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lib.database_clock._last", None)


def test_it_shows_the_time() -> None:
    assert abs(database_now() - timezone.now()) < CLOSE
    assert database_now().utcoffset() == timedelta(0)


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite's clock is this machine's")
@pytest.mark.parametrize("hours", HOURS)
def test_a_machine_whose_clock_is_wrong_is_right(hours: int) -> None:
    right = timezone.now()
    with machine_clock_off_by(hours):
        assert abs(database_now() - right) < CLOSE


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite's clock is this machine's")
@pytest.mark.parametrize("hours", HOURS)
def test_a_clock_that_is_set_while_the_process_runs_changes_nothing(hours: int) -> None:
    before = database_now()
    with machine_clock_off_by(hours):
        assert timedelta(0) < database_now() - before < CLOSE


def test_it_adds_no_statement_to_an_operation() -> None:
    with CaptureQueriesContext(connection) as queries:
        database_now()
    assert len(queries) == 0


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite's clock is this machine's")
def test_it_is_read_again_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    database_now()
    first = database_clock._last
    database_now()
    assert database_clock._last is first
    monkeypatch.setattr("lib.database_clock.FRESH", -1.0)
    database_now()
    assert database_clock._last is not first
