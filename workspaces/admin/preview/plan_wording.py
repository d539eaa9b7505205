"""The lines of a preview in words: what each plan does to a workspace, why, and what happens to its container."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.html import format_html
from django.utils.safestring import SafeString

from lib.text import plural
from workspaces.admin.plan.file_changes import Folders, read_folders
from workspaces.admin.plan.plan_lines import PlanLine
from workspaces.admin.plan.plan_query import is_changed
from workspaces.admin.plan.plan_row import DATA, FieldTable, LinesHere, PlanRow, Why, dot_of, key
from workspaces.admin.preview.field_table import field_table
from workspaces.admin.shared.badges import BADGES, badge
from workspaces.admin.shared.paths import name_html, path_html
from workspaces.core.containers.restart_rule import Effect, RestartRule
from workspaces.core.names import SEPARATOR
from workspaces.core.plan_words import WORDS
from workspaces.core.planning.field_diff import FieldDiff
from workspaces.core.planning.plan import Contents
from workspaces.core.planning.plan_rows import Whose
from workspaces.core.planning.plan_values import REMOVING, Action, Reason, Row, Rule
from workspaces.services.containers.restarts import restart_rule
from workspaces.services.plans.execution import gets_container
from workspaces.services.removal.footprint import Holdings

RESTARTS = {Effect.RESTART: "restarts", Effect.RELEASE: "its container goes", Effect.BRING: "gets a container"}
FROM = {Rule.MOVED: "from", Rule.OLDER: "from", Rule.PREVIOUSLY: "was"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """Words the lines of one page. `places` are the lines of the template's nodes by their paths; `retires`: what is no
    longer declared goes."""

    page: LinesHere
    retires: bool
    contents: Contents
    holdings: Mapping[UUID, Holdings]
    folders: Folders
    rule: RestartRule
    places: Mapping[tuple[str, ...], int]

    @classmethod
    def of(cls, page: LinesHere, *, contents: Contents, holdings: Mapping[UUID, Holdings], retires: bool) -> Wording:
        lines = page.lines
        return cls(
            page=page,
            retires=retires,
            contents=contents,
            holdings=holdings,
            folders=read_folders(_diffs(page)),
            rule=restart_rule(),
            places={row.trail: lines.of_row[index] for index, row in enumerate(lines.plan.rows) if row.node},
        )

    def rows(self) -> Iterator[PlanRow]:
        yield from map(self._row, self.page.numbers)

    def _row(self, number: int) -> PlanRow:
        line = self.page.lines.all[number]
        if line.thin:
            renamed = line.trail[-1] != line.row.name
            return self.page.thin(number, verb="becomes" if renamed else "goes to", merge=_merge_there(line))
        return self._full(number, line)

    def _full(self, number: int, line: PlanLine) -> PlanRow:
        row, merge, gone = line.row, line.merge, line.row.action in REMOVING
        lost = self.holdings.get(row.live.id) if gone and row.live else None
        return PlanRow(
            key=key(number),
            name=row.name,
            above=SEPARATOR.join(row.trail[:-1]),
            depth=line.depth,
            has_below=number in self.page.parents,
            tone=WORDS[row.action].tone,
            changed=is_changed(line),
            merge=BADGES[merge.action] if merge else None,
            badge=BADGES[row.action],
            why=self._why(line),
            creates=merge is not None and merge.action is Action.CREATE,
            gone=gone,
            dot=dot_of(line),
            younger=row.live.created_at if row.live and row.reason is Reason.SUPERSEDED and gone else None,
            flags=tuple(self._flags(row)),
            data=_data(line),
            holdings=lost or Holdings(),
            fields=self._fields(row, merge),
        )

    # ---- the cause

    def _why(self, line: PlanLine) -> Why:
        row = line.row
        if row.action is Action.MOVE and row.rule and row.before:
            after = ", new name" if row.before[-1] != row.name else ""
            url = self.page.link(line.partner)
            return Why(text=FROM.get(row.rule, "from"), url=url, path=path_html(row.before), after=after, tone="mv")
        if row.action is Action.UPDATE and row.diff:
            restart = RESTARTS.get(row.diff.effect, "no restart")
            return Why(text=f"{plural(len(row.diff.changes), 'field')}, {restart}", tone="upd")
        if row.action in REMOVING:
            return self._going(row)
        along = None if line.carrier is None else name_html(self.page.lines.all[line.carrier].row.name)
        if row.action is Action.UNTOUCHED:
            return _untouched(row, after=format_html(", comes along with {}", along) if along else "")
        if along:
            return Why(text="comes along with", path=along, tone="quiet")
        return Why(text=row.cause if row.action in (Action.LEFT_RUNNING, Action.HELD) else "")

    def _going(self, row: Row) -> Why:
        above = None if row.parent is None else self.page.lines.plan.rows[row.parent]
        if row.action is Action.COLLATERAL and above is not None and row.parent is not None:
            return Why(
                text="below removed", url=self.page.link(self.page.lines.of_row[row.parent]), path=name_html(above.name)
            )
        if row.reason is Reason.RETIRED:
            return _untouched(row, after="", tone="")
        place = self.places.get(row.twin) if row.twin else None
        if place is None or row.twin is None:
            return Why(text=row.cause)
        url = self.page.link(place)
        if row.reason is Reason.SUPERSEDED:
            return Why(text="younger than", url=url, path="the one that takes its place")
        return Why(text="same name as", url=url, path=path_html(row.twin[-2:]))

    def _flags(self, row: Row) -> Iterator[tuple[str, str]]:
        if row.rule is Rule.OLDER and row.action is Action.MOVE:
            yield "mv", "the older one"
        if row.diff and row.diff.drift:
            yield "", f"{len(row.diff.drift):,} drift, left as it is"
        if row.diff and row.diff.conflicts:
            yield "", f"{plural(len(row.diff.conflicts), 'conflict')}, left as it is"
        if row.differs and row.diff is None:
            yield "", "differs"
        if row.action is Action.UNTOUCHED and row.why is Whose.NO_LONGER_DECLARED:
            yield "", "kept" if self.retires else "retire would remove it"

    def _fields(self, row: Row, merge: Row | None) -> FieldTable | None:
        have = self.contents.get(row.live.id) if row.live else None
        return field_table(diff_of(row, merge), have, folders=self.folders, rule=self.rule)


def _untouched(row: Row, *, after: SafeString | str, tone: str = "quiet") -> Why:
    """Whose it is, and the one that it comes along with."""
    if row.why is Whose.BY_HAND:
        return Why(text="made by hand", after=after, tone=tone)
    said = "no longer declared by" if row.why is Whose.NO_LONGER_DECLARED else "declared by"
    return Why(text=said, path=name_html(row.live.template if row.live else ""), after=after, tone=tone)


def diff_of(row: Row, merge: Row | None) -> FieldDiff | None:
    """The difference that is shown: reconcile's, or merge's where reconcile looks at no fields."""
    return row.diff or (merge.diff if merge else None)


def _diffs(page: LinesHere) -> Iterator[FieldDiff]:
    for number in page.numbers:
        line = page.lines.all[number]
        diff = None if line.thin else diff_of(line.row, line.merge)
        if diff:
            yield diff


def _merge_there(line: PlanLine) -> SafeString | None:
    """Merge's answer for what stands there, and for what would come along with it."""
    if line.merge is None:
        return None
    if line.merge.action is Action.LEFT_RUNNING and line.left > 1:
        return badge(Action.LEFT_RUNNING, f"Left running, {line.left:,}")
    return BADGES[line.merge.action]


def _data(line: PlanLine) -> str:
    """The fate of its container and volumes."""
    row = line.row
    if row.live is None:
        external = row.node is not None and row.node.external
        return "new container, new volumes" if gets_container(external=external) else "new, no container"
    if row.diff and row.diff.effect in DATA:
        return DATA[row.diff.effect]
    return "stays" if row.action in (Action.MOVE, Action.UPDATE) or line.carrier is not None else ""
