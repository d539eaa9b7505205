"""Both plans of one upload as one table, a page of at most `ROWS` lines at a time. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from uuid import UUID

from django.utils.safestring import SafeString

from lib.links import Link
from workspaces.admin.preview.file_changes import read_folders
from workspaces.admin.preview.plan_lines import PlanLines
from workspaces.admin.preview.plan_query import CHANGES, EVERYTHING, FILTERS, GONE, ROWS, PlanQuery, cut
from workspaces.admin.preview.plan_row import PlanRow, Wording, diff_of, key
from workspaces.admin.shared.paths import path_html
from workspaces.core.planning.field_diff import FieldDiff
from workspaces.core.planning.plan import Contents
from workspaces.core.planning.plan_values import Action
from workspaces.services.containers.restarts import restart_rule
from workspaces.services.removal.footprint import Holdings


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanTable:
    """A page of the plan's lines, the numbers on other pages, and links to those.

    `goes_on`: the page before it stands above it. `whole`: every line of the plan is here, so that the browser can
    filter. `hidden_removals` counts removals outside the filter; `only_calm`: what is left out does not change.
    `hidden` are the parameters that a form has to repeat; `everything` and `removals` are addresses of other views,
    `options` is the one of this plan without a view.
    """

    rows: tuple[PlanRow, ...]
    total: int
    shown: int
    first: int
    last: int
    left_out: int
    hidden_removals: int
    rest: int
    rest_removed: int
    choices: tuple[Link, ...]
    show: str
    find: str
    hidden: tuple[tuple[str, str], ...]
    whole: bool
    only_calm: bool
    goes_on: bool
    thin: bool
    earlier: str
    later: str
    everything: str
    removals: str
    options: str


def plan_table(
    lines: PlanLines,
    *,
    contents: Contents,
    holdings: Mapping[UUID, Holdings],
    query: PlanQuery,
    goes_on: bool = False,
) -> PlanTable:
    """The two plans side by side: the lines that `query` asks for, each removal reachable."""
    page, show = cut(lines.all, query)
    here = page.rows if goes_on else page.indices
    gone = {number for number, line in enumerate(lines.all) if line.row.action in GONE and not line.thin}
    wording = Wording(
        lines=lines,
        query=query,
        contents=contents,
        holdings=holdings,
        folders=read_folders(_diffs(lines, here)),
        rule=restart_rule(),
        here=set(here),
        parents={lines.all[number].parent for number in page.shown},
        places={row.trail: lines.of_row[index] for index, row in enumerate(lines.reconcile.rows) if row.node},
    )
    hidden_removals, total = len(gone.difference(page.shown)), len(lines.all)
    number = page.start // ROWS + 1
    view = replace(query, show=show if query.row is not None else query.show).address
    return PlanTable(
        rows=tuple(map(wording.row, here)),
        total=total,
        shown=len(page.shown),
        first=page.start + 1,
        last=page.end,
        left_out=total - len(page.shown),
        hidden_removals=hidden_removals,
        rest=len(page.rest),
        rest_removed=len(gone.intersection(page.rest)),
        choices=tuple(_choices(lines, show, query)),
        show=query.show,
        find=query.find,
        hidden=tuple(query.chosen.state.items()),
        whole=len(here) == total,
        only_calm=show == CHANGES and not query.find and not hidden_removals,
        goes_on=goes_on,
        thin=any(lines.all[each].thin for each in here),
        earlier=view.but(p=number - 1) if number > 1 else "",
        later=view.but(p=number + 1) if page.rest else "",
        everything=query.options_alone.but(show=EVERYTHING),
        removals=query.options_alone.but(show="removals"),
        options=query.options_alone.but(),
    )


def collateral_links(
    lines: PlanLines, table: PlanTable, query: PlanQuery, *, most: int
) -> list[tuple[str, SafeString]]:
    """Address and path of the first collateral lines."""
    here = {row.key for row in table.rows}
    found = (
        (lines.of_row[index], row) for index, row in enumerate(lines.reconcile.rows) if row.action is Action.COLLATERAL
    )
    return [
        (
            f"#{key(number)}" if key(number) in here else f"{query.options_alone.but(row=number)}#{key(number)}",
            path_html(row.trail),
        )
        for number, row in islice(found, most)
    ]


def _diffs(lines: PlanLines, here: Iterable[int]) -> Iterator[FieldDiff]:
    for number in here:
        line = lines.all[number]
        diff = None if line.thin else diff_of(line.row, line.merge)
        if diff:
            yield diff


def _choices(lines: PlanLines, show: str, query: PlanQuery) -> Iterator[Link]:
    for name, each in FILTERS.items():
        count = sum(map(each.counts or each.shows, lines.all))
        if count or name in (show, EVERYTHING):
            yield Link(label=each.label, count=count, url=query.address.but(show=name), current=name == show)
