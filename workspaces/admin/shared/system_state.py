"""The findings of `/readyz` in words for people: whether work is done, and if not, since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString

from lib.text import plural
from workspaces.admin.shared.badges import coded
from workspaces.models import Installation
from workspaces.services.containers.desired_state import count_overdue, engine_runs, overdue_since
from workspaces.services.containers.installation import last_seen
from workspaces.services.upkeep.readiness import engine_state, readiness

if TYPE_CHECKING:
    from django.contrib.auth.models import User

OK = "ok"
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
    title: str
    said: str

    @property
    def detail(self) -> SafeString:
        return coded(self.said)

    @property
    def sign(self) -> str:
        return {"bad": "×", "late": "↻"}.get(self.tone, "✓")


@dataclass(frozen=True, kw_only=True)
class System:
    """The system as one user may see it: its states, and the work due in their organizations."""

    user: User

    @property
    def well(self) -> bool:
        """Proof, not silence: every check answered ok, and nothing has been due for a minute."""
        return not self.troubles

    @property
    def tone(self) -> str:
        return "bad" if any(cell.tone == "bad" for cell in self.troubles) else "late" if self.troubles else "ok"

    @property
    def cells(self) -> list[Cell]:
        return self.troubles or [self._fine]

    @cached_property
    def troubles(self) -> list[Cell]:
        states = {check: state for check, state in self.checks.items() if state != OK}
        late = self._late(behind=BACKLOG in states)
        if late:
            states.pop(BACKLOG, None)  # the same, with numbers
        return [*(self._cell(check, state) for check, state in states.items()), *([late] if late else [])]

    @cached_property
    def checks(self) -> Mapping[str, str]:
        return readiness()

    @property
    def worker(self) -> str:
        """The sentence that explains why no container moves; "" while a worker answers."""
        state = engine_state()  # alone: a page that refreshes itself queries no more than it shows
        return "" if state == OK else f"{self._cell(ENGINE, state).title}."

    def _cell(self, check: str, state: str) -> Cell:
        if check == ENGINE:
            title, detail = self._engine(state)
        else:
            title, detail = WORDS.get((check, state), (f"{check.capitalize()}: {state}", ""))
        return Cell(tone="bad", title=title, said=detail)

    def _engine(self, state: str) -> tuple[str, str]:
        if state == "away":
            return "The engine does not answer the worker", self._seen.engine_error
        seen = self._seen.engine_seen_at
        since = f"since {_moment(seen)}" if seen else "yet"
        return f"No worker has been seen {since}", UNSEEN

    def _late(self, *, behind: bool) -> Cell | None:
        oldest = overdue_since(self.user)
        if oldest is None:
            return None
        count, exact = count_overdue(self.user)
        tone = "bad" if behind or self.checks.get(ENGINE, OK) != OK else "late"
        number = plural(count, "container") if exact else f"At least {plural(max(count, 1), 'container')}"
        title = f"{number} due for more than a minute"
        return Cell(tone=tone, title=title, said=f"The oldest since {_moment(oldest)}.")

    @property
    def _fine(self) -> Cell:
        if not engine_runs():
            return Cell(tone=OK, title="The database answers", said="Without an engine, workspaces are records only.")
        seen, name = self._seen.engine_seen_at, self._seen.engine
        detail = f"{name}, last seen {_moment(seen)}; nothing has been due for a minute." if seen else ""
        return Cell(tone=OK, title="Worker, engine and database answer", said=detail)

    @cached_property
    def _seen(self) -> Installation:
        return last_seen()


def _moment(when: object) -> str:
    """`20:13:04`, with the day if it is not today."""
    local = timezone.localtime(when)  # type: ignore[arg-type]
    return date_format(local, "H:i:s" if local.date() == timezone.localdate() else "j M Y H:i:s")
