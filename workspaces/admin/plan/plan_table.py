"""A plan as a table, a page of at most `ROWS` lines at a time. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from lib.links import Link
from workspaces.admin.plan.plan_lines import PlanLines
from workspaces.admin.plan.plan_query import CHANGES, EVERYTHING, ROWS, PlanQuery, cut
from workspaces.admin.plan.plan_row import LinesHere, PlanRow
from workspaces.core.planning.plan_values import REMOVING

Words = Callable[[LinesHere], Iterable[PlanRow]]
"""The lines of a page in words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanTable:
    """A page of the plan's lines, the numbers on other pages, and links to those.

    `goes_on`: the page before it stands above it. `whole`: every line of the plan is here, so that the browser can
    filter. `hidden_removals` counts removals outside the filter; `only_calm`: what is left out does not change.
    `hidden` are the parameters that a form has to repeat; `everything` and `removals` are addresses of other views,
    `plain` is the one of this plan without a view.
    """

    rows: tuple[PlanRow, ...]
    columns: int
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
    plain: str


def plan_table(
    lines: PlanLines, *, query: PlanQuery, words: Words, columns: int = 4, goes_on: bool = False
) -> PlanTable:
    """The lines that `query` asks for, each removal reachable. `columns`: with a merge beside the plan there are 4."""
    page, show = cut(lines.all, query)
    here = page.rows if goes_on else page.indices
    gone = {number for number, line in enumerate(lines.all) if line.row.action in REMOVING and not line.thin}
    parents = {lines.all[number].parent for number in page.shown}
    hidden_removals, total = len(gone.difference(page.shown)), len(lines.all)
    number = page.start // ROWS + 1
    view = replace(query, show=show if query.row is not None else query.show).address
    return PlanTable(
        rows=tuple(words(LinesHere(lines=lines, query=query, numbers=here, here=set(here), parents=parents))),
        columns=columns,
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
        hidden=tuple(query.kept.items()),
        whole=len(here) == total,
        only_calm=show == CHANGES and not query.find and not hidden_removals,
        goes_on=goes_on,
        thin=any(lines.all[each].thin for each in here),
        earlier=view.but(p=number - 1) if number > 1 else "",
        later=view.but(p=number + 1) if page.rest else "",
        everything=query.plain.but(show=EVERYTHING),
        removals=query.plain.but(show="removals"),
        plain=query.plain.but(),
    )


def _choices(lines: PlanLines, show: str, query: PlanQuery) -> Iterator[Link]:
    for name, each in query.filters.items():
        count = sum(map(each.counts or each.shows, lines.all))
        if count or name in (show, EVERYTHING):
            yield Link(label=each.label, count=count, url=query.address.but(show=name), current=name == show)
