"""One line of a plan's table, in words: what the plan does to it, why, and what happens to its container and data."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils.safestring import SafeString

from workspaces.admin.plan.plan_lines import PlanLine, PlanLines
from workspaces.admin.plan.plan_query import PlanQuery
from workspaces.admin.shared.paths import path_html
from workspaces.core.containers.restart_rule import Effect
from workspaces.core.names import SEPARATOR
from workspaces.services.removal.footprint import Holdings

DATA = {
    Effect.DELIVER: "stays, delivered into the running container",
    Effect.RESTART: "restarts on the same volumes",
    Effect.RELEASE: "the container goes, the data is kept",
    Effect.BRING: "gets a container",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Why:
    """The words after a badge: `text`, a link to another line with a `path` as its words, and `after`."""

    text: str = ""
    url: str = ""
    path: SafeString | str = ""
    after: SafeString | str = ""
    tone: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldCell:
    """The value of a field on one side, under the head of its column. `tone`: `new` or `ours` where this side decides;
    `overwrite` is what the template's would be."""

    head: str
    text: str
    tone: str = ""
    overwrite: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldRow:
    """One field of a workspace with its value on each side, and last the result."""

    field: str
    cells: tuple[FieldCell, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldTable:
    """The fields below a line. `is_open` where something is left for a person to decide."""

    heads: tuple[str, ...]
    rows: tuple[FieldRow, ...]
    is_open: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DataNote:
    """The data of a removed workspace: `lead` in bold, the `rest`, and what else comes with it, behind a fold."""

    lead: str
    rest: str = ""
    items: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class WayOut:
    """The remedy for a line that cannot be taken back: `text`, and links: to the workspace in question
    (`other`), to the plan made again, to its own restore, which brings its data until a moment (None: for good, or
    there is none)."""

    text: str
    other: UUID | None
    again: str
    alone: str
    until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanRow:
    """One line of the table. `key` is its anchor; `merge` is the badge of a merge beside it, None where another line
    tells it, `badge` that of the plan.

    `flags` are remarks, each with its class; `data` is what happens to the container and its volumes, `holdings` what
    goes, `stored` what a removed one left; `fields` and `way_out` stand below the line. `younger` is the time when one
    was made that makes room for an older one.
    """

    key: str
    name: str
    above: str
    depth: int
    has_below: bool
    tone: str
    changed: bool
    merge: SafeString | None = None
    badge: SafeString | None = None
    why: Why = Why()
    creates: bool = False
    thin: bool = False
    gone: bool = False
    dot: str = ""
    younger: datetime | None = None
    flags: tuple[tuple[str, str], ...] = ()
    data: str = ""
    holdings: Holdings = field(default_factory=Holdings)
    stored: DataNote | None = None
    fields: FieldTable | None = None
    way_out: WayOut | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LinesHere:
    """The lines of one page: their `numbers` in order, the same as a set, and the `parents` of others."""

    lines: PlanLines
    query: PlanQuery
    numbers: Sequence[int]
    here: Collection[int]
    parents: Collection[int | None]

    def link(self, number: int | None) -> str:
        """The address of the line, on this page or on its own; "" for none."""
        if number is None:
            return ""
        return f"#{key(number)}" if number in self.here else f"{self.query.plain.but(row=number)}#{key(number)}"

    def thin(self, number: int, *, verb: str, merge: SafeString | None = None) -> PlanRow:
        """The thin line where a moved workspace stands now: `verb` is `goes to`, `becomes` if only its name changes."""
        line = self.lines.all[number]
        come = f", {line.along:,} below {'comes' if line.along == 1 else 'come'} along" if line.along else ""
        return PlanRow(
            key=key(number),
            name=line.trail[-1],
            above=SEPARATOR.join(line.trail[:-1]),
            depth=line.depth,
            has_below=number in self.parents,
            tone="ghost",
            changed=True,
            merge=merge,
            thin=True,
            why=Why(text=verb, url=self.link(line.partner), path=path_html(line.row.trail), after=come, tone="mv"),
        )


def key(number: int) -> str:
    """The anchor of the line."""
    return f"w{number}"


def dot_of(line: PlanLine) -> str:
    """The class of the dot before the name: online, not online, or still to be created."""
    row = line.row
    if row.live is None:
        return "new"
    return "" if row.live.status == "online" else "off"
