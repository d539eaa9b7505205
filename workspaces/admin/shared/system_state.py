"""The findings of `/readyz` in words for people: whether work is done, and if not, since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString

from lib.text import plural
from workspaces.admin.shared.badges import coded
from workspaces.services.containers.desired_state import engine_runs
from workspaces.services.containers.installation import last_seen
from workspaces.services.upkeep.readiness import count_overdue, overdue_since, readiness

if TYPE_CHECKING:
    from workspaces.access import AnyUser

OK, LATE, BAD = "ok", "late", "bad"
SIGNS = {OK: "✓", LATE: "↻", BAD: "×"}
ENGINE, BACKLOG, DATABASE = "engine", "backlog", "database"
# Check and state → meaning and remedy. A state without words of its own is shown as it is.
WORDS = {
    ("migrations", "pending"): ("Migrations are pending", "Run `manage.py migrate`, then start site and worker again."),
    (DATABASE, "unavailable"): ("The database does not answer as it should", "The log of the site says why."),
    ("writes", "read-only"): (
        "The database takes no changes",
        "It is read-only: a standby, or a file without a writer.",
    ),
    ("writes", "full"): ("The database's disk is full", "Nothing can be changed until there is room."),
    ("uploads", "read-only"): ("Uploads cannot be stored", "The folder for temporary files takes no files."),
    ("uploads", "full"): ("Uploads cannot be stored", "The disk with the folder for temporary files is full."),
    ("uploads", "unavailable"): ("Uploads cannot be stored", "There is no folder for temporary files."),
    ("origin", "restored"): (
        "The database was restored, or is another one than before",
        "Nothing unknown is touched and nothing is removed until somebody has accepted it.",
    ),
    (BACKLOG, "behind"): ("Work stands still", "Something has been due for more than ten minutes."),
}
UNSEEN = "Nothing is started or released until one runs: `manage.py worker`."


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One part of the system and how it is; `tone` is its class in the stylesheet: `bad`, `late`, or `ok`."""

    tone: str
    sign: str
    title: str
    detail: SafeString


@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """The system as one user may see it: its states, and the work due in their organizations.

    `worker` is the sentence that explains why no container moves, "" while a worker answers.
    """

    tone: str
    troubles: tuple[Cell, ...]
    cells: tuple[Cell, ...]  # the troubles, else one that says that all is well
    worker: str

    @property
    def well(self) -> bool:
        """Proof, not silence: every check answered ok, and nothing has been due for a minute."""
        return not self.troubles


def system_of(user: AnyUser) -> System:
    """The states of the system now, and the work due for the user."""
    faults = {check: state for check, state in readiness().items() if state != OK}
    late = _late(user, bad=bool(faults.keys() & {BACKLOG, ENGINE}))
    told = {check: _cell(check, state) for check, state in faults.items() if not (late and check == BACKLOG)}
    troubles = (*told.values(), *([late] if late else []))
    return System(
        tone=BAD if told or (late and late.tone == BAD) else LATE if late else OK,
        troubles=troubles,
        cells=troubles or (_fine(),),
        worker=f"{told[ENGINE].title}." if ENGINE in told else "",
    )


def _cell(check: str, state: str) -> Cell:
    if check == ENGINE:
        title, detail = _engine(state)
    else:
        title, detail = WORDS.get((check, state), (f"{check.capitalize()}: {state}", ""))
    return _made(BAD, title, detail)


def _engine(state: str) -> tuple[str, str]:
    seen = last_seen()
    if state == "away":
        return "The engine does not answer the worker", seen.engine_error
    since = f"since {_moment(seen.engine_seen_at)}" if seen.engine_seen_at else "yet"
    return f"No worker has been seen {since}", UNSEEN


def _late(user: AnyUser, *, bad: bool) -> Cell | None:
    """The overdue work with its number, if there is any: it says more than the state of the backlog."""
    oldest = overdue_since(user)
    if oldest is None:
        return None
    count, exact = count_overdue(user)
    number = plural(count, "container") if exact else f"At least {plural(max(count, 1), 'container')}"
    return _made(BAD if bad else LATE, f"{number} due for more than a minute", f"The oldest since {_moment(oldest)}.")


def _fine() -> Cell:
    if not engine_runs():
        return _made(OK, "The database answers", "Without an engine, workspaces are records only.")
    seen = last_seen()
    when = seen.engine_seen_at
    detail = f"{seen.engine}, last seen {_moment(when)}; nothing has been due for a minute." if when else ""
    return _made(OK, "Worker, engine and database answer", detail)


def _made(tone: str, title: str, detail: str) -> Cell:
    return Cell(tone=tone, sign=SIGNS[tone], title=title, detail=coded(detail))


def _moment(when: object) -> str:
    """`20:13:04`, with the day if it is not today."""
    local = timezone.localtime(when)  # type: ignore[arg-type]
    return date_format(local, "H:i:s" if local.date() == timezone.localdate() else "j M Y H:i:s")
