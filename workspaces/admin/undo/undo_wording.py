"""The lines of an undo in words: what comes back, goes back and goes, why, and what can be done where it cannot."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils.safestring import SafeString

from lib.text import plural
from workspaces.admin.plan.file_changes import Folders, read_folders
from workspaces.admin.plan.plan_lines import PlanLine, stands
from workspaces.admin.plan.plan_query import is_changed
from workspaces.admin.plan.plan_row import DATA, DataNote, FieldTable, LinesHere, PlanRow, WayOut, Why, dot_of, key
from workspaces.admin.shared.badges import BADGES, badge
from workspaces.admin.shared.paths import path_html
from workspaces.admin.undo.back_fields import back_fields
from workspaces.admin.undo.data_notes import coming_back, staying
from workspaces.admin.undo.taking_back import IDS, TakingBack
from workspaces.core.names import SEPARATOR
from workspaces.core.plan_words import WORDS
from workspaces.core.planning.plan_values import REMOVING, Action, Row
from workspaces.core.planning.undo_words import NOT_OF_THAT_RUN
from workspaces.models import Schedule
from workspaces.services.containers.desired_state import engine_runs
from workspaces.services.removal.footprint import Holdings
from workspaces.services.removal.left_data import LeftData
from workspaces.services.undo.since import Changers, changed_by, made_by

BACK = {Action.MOVE: badge(Action.MOVE, "Move back"), Action.UPDATE: badge(Action.UPDATE, "Put back")}
NEVER = {True: badge(Action.CANNOT, "Can't go back"), False: badge(Action.CANNOT, "Can't come back")}
FIELDS = re.compile(r"(?:^|; )(?:changed since, left|a schedule made by hand|the files it had)")
TONES = {Action.RESTORE: "cr", Action.UPDATE: "upd", Action.CANNOT: "left", Action.KEEP: "quiet"}


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoWording:
    """Words the lines of one page. `made` and `changers` say of fields that are left how the run had made them, and who
    changed them since; `schedules` are those that come back enabled; `places` are taken."""

    page: LinesHere
    taking: TakingBack
    holdings: Mapping[UUID, Holdings]
    left: Mapping[UUID, LeftData]
    schedules: Mapping[UUID, Sequence[str]]
    made: Mapping[UUID, Mapping[str, object]]
    changers: Mapping[UUID, Changers]
    folders: Folders
    places: Mapping[tuple[str, ...], UUID]
    engine: bool

    @classmethod
    def of(
        cls, page: LinesHere, taking: TakingBack, *, holdings: Mapping[UUID, Holdings], left: Mapping[UUID, LeftData]
    ) -> UndoWording:
        """Six queries at most, for any number of lines."""
        rows = [line.row for number in page.numbers if not (line := page.lines.all[number]).thin]
        drifted = [row.live.id for row in rows if row.live and row.diff and row.diff.drift]
        run = taking.run
        return cls(
            page=page,
            taking=taking,
            holdings=holdings,
            left=left,
            schedules=_disabled([row.live.id for row in rows if row.live and row.action is Action.RESTORE]),
            made=made_by(run, drifted) if run else {},
            changers=changed_by(drifted, since=run.finished_at or run.started_at) if run else {},
            folders=read_folders(row.diff for row in rows if row.diff),
            places={row.trail: row.live.id for row in page.lines.plan.rows if row.live and stands(row)},
            engine=engine_runs(),
        )

    def rows(self) -> Iterator[PlanRow]:
        for number in self.page.numbers:
            line = self.page.lines.all[number]
            if line.thin:
                renamed = line.trail[:-1] == line.row.trail[:-1]
                yield self.page.thin(number, verb="becomes again" if renamed else "goes back to")
            else:
                yield self._full(number, line)

    def _full(self, number: int, line: PlanLine) -> PlanRow:
        row = line.row
        goes, there = row.action in REMOVING, stands(row)
        way_out = self._way_out(row, there=there)
        return PlanRow(
            key=key(number),
            name=row.name,
            above=SEPARATOR.join(row.trail[:-1]),
            depth=line.depth,
            has_below=number in self.page.parents,
            tone=WORDS[row.action].tone,
            changed=is_changed(line),
            badge=_badge(row, there=there),
            why=self._why(line, without=f": {way_out.text}" if way_out else ""),
            gone=goes,
            dot=dot_of(line) if there else "gone",
            flags=tuple(_flags(row)),
            data=_data(line) if self.engine else "",
            holdings=(self.holdings.get(row.live.id) if goes and row.live else None) or Holdings(),
            stored=None if there else self._stored(row),
            fields=self._fields(row),
            way_out=way_out,
        )

    def _why(self, line: PlanLine, *, without: str) -> Why:
        """The plan's cause, `without` what stands below the line; of a moved one its path leads to the thin line."""
        row, cause = line.row, line.row.cause.replace(without, "", 1)
        if row.action is Action.MOVE:
            before = row.before or row.trail
            after = cause.removeprefix(f"from {SEPARATOR.join(before)}")
            url = self.page.link(line.partner)
            return Why(text="from", url=url, path=path_html(before), after=after, tone="mv")
        text = "" if row.action is Action.UNTOUCHED and cause == NOT_OF_THAT_RUN else cause.removeprefix("put back: ")
        return Why(text=text, tone=TONES.get(row.action, "quiet" if row.action is Action.UNTOUCHED else ""))

    def _stored(self, row: Row) -> DataNote | None:
        if row.live is None:
            return None
        left = self.left.get(row.live.id)
        if row.action is Action.RESTORE:
            return coming_back(left, self.schedules.get(row.live.id, ()), engine=self.engine)
        return staying(left) if self.engine else None

    def _fields(self, row: Row) -> FieldTable | None:
        if row.live is None or self.taking.run is None:
            return None
        return back_fields(
            row.diff,
            made=self.made.get(row.live.id, {}),
            changers=self.changers.get(row.live.id, {}),
            folders=self.folders,
            number=self.taking.run.number,
            obstacle=row.obstacle,
        )

    def _way_out(self, row: Row, *, there: bool) -> WayOut | None:
        """None where the reason says all there is to say, where only fields are left, and below one that has it."""
        *_, parted, remedy = _without_fields(row.obstacle).rpartition(": ")
        above = None if row.parent is None else self.page.lines.plan.rows[row.parent]
        below_one = row.lacks_parent and above is not None and above.action is Action.CANNOT
        if not parted or row.live is None or below_one:
            return None
        alone = not there and (self.taking.run is not None or len(self.taking.ids) > 1)
        left = self.left.get(row.live.id)
        return WayOut(
            text=remedy,
            other=self._in_the_way(row),
            again=self.page.query.plain.but(),
            alone=f"{reverse('admin:workspaces_workspace_restore')}?{IDS}={row.live.id}" if alone else "",
            until=left.until if left and self.engine else None,
        )

    def _in_the_way(self, row: Row) -> UUID | None:
        """The workspace to look at: the one in its place, or the one above that is gone or goes, or itself."""
        if row.lacks_parent and row.live and not stands(row):
            return row.live.parent_id
        return self.places.get(row.trail) or (row.live.id if row.live else None)


def _badge(row: Row, *, there: bool) -> SafeString:
    return NEVER[there] if row.action is Action.CANNOT else BACK.get(row.action) or BADGES[row.action]


def _flags(row: Row) -> Iterator[tuple[str, str]]:
    if row.diff and row.diff.drift:
        yield "", f"{plural(len(row.diff.drift), 'field')} not put back"


def _without_fields(obstacle: str) -> str:
    """The obstacle without the fields that are left, which stand in a table of their own."""
    return FIELDS.split(obstacle, maxsplit=1)[0]


def _data(line: PlanLine) -> str:
    row = line.row
    if row.diff and row.diff.effect in DATA:
        return DATA[row.diff.effect]
    return "stays" if row.action in (Action.MOVE, Action.UPDATE) or line.carrier is not None else ""


def _disabled(ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Workspace → the schedules that its removal disabled."""
    found: defaultdict[UUID, list[str]] = defaultdict(list)
    rows = Schedule.objects.filter(workspace__one_of=ids, removed_by__isnull=False) if ids else Schedule.objects.none()
    for workspace, name in rows.order_by("name").values_list("workspace", "name"):
        found[workspace].append(name)
    return found
