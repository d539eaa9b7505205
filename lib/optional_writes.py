"""Notes that a request can do without: when a token was used, how often somebody failed.

They never hold a request up for longer than BRIEF, and never make a reading request fail: a server that takes no
changes, or whose writer is an import of minutes, still answers what is asked of it.
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

BRIEF = 100  # milliseconds that a note waits for a lock
SELDOM = 60.0  # seconds between two lines about the same kind of note

_said: dict[str, float] = {}


@contextmanager
def noting(what: str) -> Iterator[None]:
    """Leaves out the writes inside it where the database cannot take them now. `what` names the kind of note."""
    connection.ensure_connection()
    try:
        with briefly():
            yield
    except Exception as error:
        if trouble_of(error) is None:
            raise
        _say_seldom(what, error)


@contextmanager
def briefly() -> Iterator[None]:
    """Statements in it wait for a lock for BRIEF at most, then fail as they do at the end of a longer wait."""
    connection.ensure_connection()
    with _briefly_in_sqlite() if connection.vendor == "sqlite" else _briefly_in_postgresql():
        yield


@contextmanager
def _briefly_in_sqlite() -> Iterator[None]:
    ((before,),) = connection.connection.execute("PRAGMA busy_timeout")
    connection.connection.execute(f"PRAGMA busy_timeout = {BRIEF}")
    try:
        yield
    finally:
        if connection.connection is not None:  # it is closed where it broke
            connection.connection.execute(f"PRAGMA busy_timeout = {before}")


@contextmanager
def _briefly_in_postgresql() -> Iterator[None]:
    wrapper: Any = connection  # one of lib.postgresql
    before, wrapper.lock_timeout = wrapper.lock_timeout, BRIEF
    try:
        yield
    finally:
        wrapper.lock_timeout = before


def _say_seldom(what: str, error: Exception) -> None:
    """A server that is read-only for an hour refuses the same note at every request."""
    now = time.monotonic()
    if now - _said.get(what, float("-inf")) >= SELDOM:
        _said[what] = now
        logger.warning("%s was not noted: %s", what, explained(error))
