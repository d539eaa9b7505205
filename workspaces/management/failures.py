"""What a database error means, as a sentence with the driver's own reason in it, and never with a password."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, OperationalError, connection

LONGEST = 300  # characters of a reason
UNCERTAIN = "Look whether it was changed before you try again."
UNTOUCHED = "Nothing was changed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A kind of failure: how it is told, what to do, and by which states and words of a driver it is known."""

    told: str
    then: str
    states: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def fits(self, state: str, text: str) -> bool:
        """`state` is the SQLSTATE, "" where the driver gave none."""
        return bool(state and state.startswith(self.states)) or any(word in text for word in self.words)


# The first that fits is told. SQLite has no states, and neither has a connection that never came about.
FAILURES = (
    Failure(
        told="The database is not what this version expects",
        then=f"{UNTOUCHED}; run: manage.py migrate",
        states=("42P01",),
        words=("no such table", "no such column"),
    ),
    Failure(
        told="The database takes no changes",
        then=f"{UNTOUCHED}.",
        states=("25006",),
        words=("readonly database", "read-only"),
    ),
    Failure(
        told="The database has no room",
        then=f"{UNTOUCHED}; make room and try again.",
        states=("53100", "53200"),
        words=("disk is full", "disk I/O error"),
    ),
    Failure(
        told="The database is busy",
        then=f"{UNTOUCHED}; try again.",
        states=("55P03", "40P01", "40001", "57014", "53300", "57P03"),
        words=("is locked", "too many clients"),
    ),
    Failure(
        told="The database cannot be reached",
        then=f"{UNTOUCHED}; look at DATABASE_URL.",
        states=("28", "3D", "08001", "08004"),
        words=(
            "connection failed", "connection timeout", "failed to resolve", "could not translate", "unable to open",
            "not a database", "invalid connection option", "invalid sslmode", "invalid port", "certificate",
            "no password supplied", "missing \"=\"", "invalid integer value",
        ),
    ),
    Failure(
        told="The connection to the database was lost",
        then=UNCERTAIN,
        states=("57P", "08"),
        words=("server closed the connection", "connection is closed", "connection is lost", "terminating connection"),
    ),
)  # fmt: skip
OTHER = Failure(told="The database failed", then=UNCERTAIN)


def database_sentence(error: DatabaseError | InterfaceError, *, done: str = "") -> str | None:
    """The sentence; None for what only a fault of this program can cause. `done` says what was committed before."""
    state, text = str(getattr(error.__cause__, "sqlstate", None) or ""), str(error)
    found = next((each for each in FAILURES if each.fits(state, text)), None)
    if found is None and not isinstance(error, OperationalError | InterfaceError):
        return None
    found = found or OTHER
    return f"{found.told}: {reason_of(error)}. {done or found.then}"


def reason_of(error: BaseException) -> str:
    """The driver's words on one line."""
    text = " ".join(str(error).split()).removeprefix("connection failed: ").rstrip(".?! ")
    text = _without_password(text) or type(error).__name__
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _without_password(text: str) -> str:
    """No driver is known to write it; an address that it cannot read could still come back as a whole."""
    text = re.sub(r"(://[^:@/\s]*:)[^@\s]+@", r"\1…@", text)
    known = connection.settings_dict
    secret = str(known.get("PASSWORD") or "")
    if not secret or secret in (known.get("USER"), known.get("NAME")):
        return text
    return re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "…", text)
