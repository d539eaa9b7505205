"""Writes that wait for nobody: those that a request can do without, and a probe.

When a token was last used, or how often a login failed, is noted by a write that delays a request by LOCK_WAIT at most,
and never makes a reading request fail: the site still answers reads while the database is read-only, or while an import
of minutes has SQLite's write lock.

The probe says whether a write would succeed, and leaves nothing behind. A transaction that is rolled back is no test of
the disk: both databases write to it when they commit. So the probe writes some kilobytes where the data is: PostgreSQL
spills a sort to a temporary file, for SQLite a file is made beside its own.
"""

from __future__ import annotations

import errno
import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from lib.database_errors import AWAY, FULL, FULL_DISK, LOCKED_FILE, READ_ONLY, explained, trouble_of

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


# ---- The probe.


PROBE = 256 * 1024  # bytes: the database is reported as full a little before it is
READ_ONLY_NOW = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"
# Half a mebibyte of keys does not fit into 64 kB, so the server sorts them on the disk of this database.
SPILL = """
    SET LOCAL work_mem = '64kB'; SET LOCAL temp_tablespaces = '';
    SELECT max(text) FROM (
        SELECT repeat(md5(n::text), 32) COLLATE "C" AS text FROM generate_series(1, 512) n ORDER BY 1 OFFSET 0
    ) sorted
"""
NOT_OURS = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
STATES = {FULL: "full", READ_ONLY: "read-only", LOCKED_FILE: "read-only"}


def database_state() -> str:
    """`ok`, `full` or `read-only`. Raises any other error of the database."""
    try:
        return _of_sqlite() if connection.vendor == "sqlite" else _of_postgresql()
    except Exception as error:
        trouble = trouble_of(error)
        if trouble not in STATES:
            raise
        return STATES[trouble]


def uploads_state() -> str:
    """The same for the folder of uploads, or `unavailable` if there is none."""
    try:
        return _folder_state(Path(settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir()))
    except FileNotFoundError:
        return "unavailable"


def _of_postgresql() -> str:
    with connection.cursor() as cursor:
        cursor.execute(READ_ONLY_NOW)
        if cursor.fetchone()[0]:
            return "read-only"
        cursor.execute(SPILL)
    return "ok"


def _of_sqlite() -> str:
    if connection.is_in_memory_db():  # type: ignore[attr-defined]
        return "ok"
    if not connection.in_atomic_block and not _takes_the_lock():
        return "ok"  # another connection is writing at this moment
    return _folder_state(Path(str(connection.settings_dict["NAME"])).resolve().parent)


def _takes_the_lock() -> bool:
    """Whether the write lock is free. Raises SQLite's error for a file that cannot be written."""
    try:
        with short_lock_wait():
            connection.connection.execute("BEGIN IMMEDIATE")
        connection.connection.execute("ROLLBACK")
    except Exception as error:
        if trouble_of(error) is not AWAY:
            raise
        return False
    return True


def _folder_state(folder: Path) -> str:
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as probe:
            probe.write(bytes(PROBE))
    except OSError as error:
        if error.errno in FULL_DISK | NOT_OURS:
            return "full" if error.errno in FULL_DISK else "read-only"
        raise
    return "ok"
