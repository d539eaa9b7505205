"""The meaning of a database's error: it is temporary, it needs an administrator, or it is a bug in this program.

SQLSTATE (PostgreSQL) or the result code (SQLite) decides, never the exception's class alone: a read-only server raises
InternalError, a missing table ProgrammingError. A server that refuses a connection gives the driver no code, so there
the text decides; a text in another language counts as a temporary failure.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import Error, connection

LONGEST = 300  # characters of the driver's own words
FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """`sentence` may be shown to anybody. `passes`: the failure is temporary, and a retry can succeed by itself."""

    sentence: str
    passes: bool


def _passing(what: str) -> Trouble:
    return Trouble(sentence=f"{what} Nothing was changed; try again.", passes=True)


def _needing(what: str) -> Trouble:
    return Trouble(sentence=what, passes=False)


AWAY = _passing("The database is away or busy.")
LOST = Trouble(
    sentence="The connection to the database was lost. Look whether it was changed before you try again.", passes=True
)  # possibly between COMMIT and its answer: whether the change was committed is unknown
READ_ONLY = _passing("The database takes no changes now, it is read-only.")
FULL = _needing("The disk of the database is full. Nothing was changed; somebody has to make room.")
BROKEN = _needing("The database cannot read or write its files. Somebody has to look at its disk and its log.")
NOT_MIGRATED = _needing(
    "The database lacks a table or a column of this version. Somebody has to run `python manage.py migrate`."
)
NOT_UTF8 = _needing(
    "The database cannot store this text because its encoding is not UTF-8. Somebody has to move it to a database "
    "made with ENCODING 'UTF8'."
)
REFUSED = _needing("The database refuses the site's user or password. Somebody has to check DATABASE_URL.")
FORBIDDEN = _needing(
    "The database user lacks a right that this site needs. Somebody has to grant it; the log says which."
)
NO_DATABASE = _needing("The database of DATABASE_URL does not exist. Somebody has to create it.")
ENCRYPTION = _needing(
    "The encrypted connection to the database cannot be made. Somebody has to check sslmode and certificates."
)
OPTION = _needing(
    "The database, or the pooler in front of it, refuses an option of DATABASE_URL. Somebody has to check it."
)
SERVER_FULL = _needing("The disk of this server is full. Nothing was changed; somebody has to make room.")
LOCKED_FILE = _needing(
    "The database file, or its folder, cannot be written. Nothing was changed; somebody has to check who owns it."
)
NO_FILE = _needing("The database file cannot be opened. Somebody has to check that its folder exists, and who owns it.")

# The longest prefix counts. A code that is not listed is a bug in this program.
SQLSTATES: Mapping[str, Trouble] = {
    "08": AWAY,  # no connection; a pooler's own refusals, too
    "08003": LOST,
    "08006": LOST,
    "08007": LOST,
    "22P05": NOT_UTF8,
    "25006": READ_ONLY,
    "25P03": AWAY,  # idle in a transaction for too long
    "25P04": AWAY,  # a transaction that took too long
    "28": REFUSED,
    "3D": NO_DATABASE,
    "3F": NOT_MIGRATED,
    "40": AWAY,  # deadlock, serialization
    "42501": FORBIDDEN,
    "42703": NOT_MIGRATED,
    "42P01": NOT_MIGRATED,
    "53": AWAY,  # too many connections, out of memory
    "53100": FULL,
    "55006": AWAY,
    "55P03": AWAY,  # a lock that did not become free
    "57": AWAY,  # statement timeout, a server that is only starting
    "57P01": LOST,  # shutdown
    "57P02": LOST,  # crash
    "58": BROKEN,
    "F0": BROKEN,
    "XX": BROKEN,
}
SQLITE_CODES: Mapping[int, Trouble] = {
    3: LOCKED_FILE,  # SQLITE_PERM
    5: AWAY,  # BUSY
    6: AWAY,  # LOCKED
    7: AWAY,  # NOMEM
    8: LOCKED_FILE,  # READONLY
    9: AWAY,  # INTERRUPT
    10: BROKEN,  # IOERR
    11: BROKEN,  # CORRUPT
    13: FULL,
    14: NO_FILE,  # CANTOPEN
    15: AWAY,  # PROTOCOL: the locks of the write-ahead log
    17: AWAY,  # SCHEMA
    26: BROKEN,  # NOTADB
}
TEXTS: Mapping[str, Trouble] = {
    "no such table": NOT_MIGRATED,
    "no such column": NOT_MIGRATED,
    "has no column named": NOT_MIGRATED,
    "unsupported startup parameter": OPTION,
    "invalid connection option": OPTION,
    "invalid command-line argument for server process": OPTION,
    "unrecognized configuration parameter": OPTION,
    "no password supplied": REFUSED,
    "authentication failed": REFUSED,
    "no pg_hba.conf entry": REFUSED,
    "no such user": REFUSED,
    "no such database": NO_DATABASE,
    "certificate": ENCRYPTION,
    "does not support SSL": ENCRYPTION,
    "database disk image is malformed": BROKEN,
    "server closed the connection": LOST,
    "connection is lost": LOST,
    "SSL connection has been closed": LOST,
}
MISSING = {"database": NO_DATABASE, "role": REFUSED}  # FATAL: database "orgs" does not exist


def trouble_of(error: BaseException | None) -> Trouble | None:
    """The trouble with the database, or with the disk for uploads; None for a bug in this program and for an error that
    came from neither."""
    if isinstance(error, OSError) and error.errno in FULL_DISK:
        return SERVER_FULL
    if not is_of_database(error):
        return None
    cause = _driver_error(error)
    if state := getattr(cause, "sqlstate", None):
        return next((SQLSTATES[state[:n]] for n in (5, 2) if state[:n] in SQLSTATES), None)
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return SQLITE_CODES.get(code & 0xFF) or _by_text(str(cause))
    return _by_text(str(cause)) or (AWAY if _is_connection_error(error) else None)


def explained(error: BaseException) -> str:
    """The sentence with the driver's own words: for logs and administrators, never for an answer to a client."""
    trouble = trouble_of(error)
    return f"{trouble.sentence} ({driver_message(error)})" if trouble else driver_message(error)


def driver_message(error: BaseException) -> str:
    """The words of the database or the driver, on one line, without the statement."""
    cause = _driver_error(error)
    primary = getattr(getattr(cause, "diag", None), "message_primary", None)
    text = " ".join((primary or str(cause) or type(cause).__name__).split())
    return _without_password(text)[:LONGEST]


def is_of_database(error: BaseException | None) -> bool:
    """Whether Django's database layer, or a driver below it, raised it."""
    return isinstance(error, Error) or hasattr(error, "sqlstate") or hasattr(error, "sqlite_errorcode")


def _driver_error(error: BaseException | None) -> BaseException | None:
    """The driver's error below Django's, which may be chained several times."""
    while isinstance(error, Error) and error.__cause__:
        error = error.__cause__
    return error


def _without_password(text: str) -> str:
    """`text` without the database's password: a driver may quote an address that it could not parse."""
    text = re.sub(r"(://[^:@/\s]*:)[^@\s]+@", r"\1…@", text)
    known = connection.settings_dict
    secret = str(known.get("PASSWORD") or "")
    if not secret or secret in (known.get("USER"), known.get("NAME")):
        return text
    return re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "…", text)


def _by_text(text: str) -> Trouble | None:
    if " or later is required" in text:  # Django's sentence about the server's version
        return _needing(f"{text.rstrip('.')}. Somebody has to use a newer database server.")
    if "does not exist" in text and (missing := [MISSING[word] for word in MISSING if f'{word} "' in text]):
        return missing[0]
    return next((trouble for words, trouble in TEXTS.items() if words in text), None)


def _is_connection_error(error: BaseException | None) -> bool:
    """Whether an error without a code means that a connection was not made, or was lost."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"OperationalError", "InterfaceError"})
