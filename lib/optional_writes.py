"""Writes that a request can do without: when a token was last used, how often a login failed.

They delay a request by LOCK_WAIT at most, and never make a reading request fail: the site still answers reads while the
database is read-only, or while an import of minutes has SQLite's write lock.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from lib.database_errors import explained, trouble_of

logger = logging.getLogger(__name__)

LOCK_WAIT = 100  # milliseconds that such a write waits for a lock
LOG_INTERVAL = 60.0  # seconds between two log lines about the same kind of write

_logged: dict[str, float] = {}  # by kind of write: when a lost one was logged last


@contextmanager
def suppress_lost_writes(what: str) -> Iterator[None]:
    """Suppress the error if the database cannot take the writes inside now; `what` names their kind in the log."""
    connection.ensure_connection()
    try:
        with short_lock_wait():
            yield
    except Exception as error:
        # The writes are LOST here, with no second attempt: put in here only what a request can do without.
        if trouble_of(error) is None:
            raise
        _log_lost(what, error)


@contextmanager
def short_lock_wait() -> Iterator[None]:
    """Statements inside it wait for a lock for LOCK_WAIT at most, then fail as they do after a longer wait."""
    connection.ensure_connection()
    with _short_wait_in_sqlite() if connection.vendor == "sqlite" else _short_wait_in_postgresql():
        yield


@contextmanager
def _short_wait_in_sqlite() -> Iterator[None]:
    ((before,),) = connection.connection.execute("PRAGMA busy_timeout")
    connection.connection.execute(f"PRAGMA busy_timeout = {LOCK_WAIT}")
    try:
        yield
    finally:
        if connection.connection is not None:  # a connection that broke is closed
            connection.connection.execute(f"PRAGMA busy_timeout = {before}")


@contextmanager
def _short_wait_in_postgresql() -> Iterator[None]:
    wrapper: Any = connection  # a DatabaseWrapper of lib.postgresql
    before, wrapper.lock_timeout = wrapper.lock_timeout, LOCK_WAIT
    try:
        yield
    finally:
        wrapper.lock_timeout = before


def _log_lost(what: str, error: Exception) -> None:
    """Log it, once in LOG_INTERVAL: a server that is read-only for an hour refuses the same write at every request."""
    now = time.monotonic()
    if now - _logged.get(what, float("-inf")) >= LOG_INTERVAL:
        _logged[what] = now
        logger.warning("%s was not noted: %s", what, explained(error))
