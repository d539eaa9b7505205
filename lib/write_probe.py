"""A probe: would a write succeed? It leaves nothing behind and does not wait for other writers.

A transaction that is rolled back is no test of the disk: both databases write to it when they commit. So the probe
writes some kilobytes where the data is: PostgreSQL spills a sort to a temporary file, for SQLite a file is made beside
its own.
"""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

from django.conf import settings
from django.db import connection

from lib.database_errors import AWAY, FULL, FULL_DISK, LOCKED_FILE, READ_ONLY, trouble_of
from lib.optional_writes import short_lock_wait

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
