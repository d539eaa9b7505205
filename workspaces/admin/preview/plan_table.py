"""Both plans of one upload as one table: a row per workspace, a column per mode. Nothing is decided here.

A page of it has at most `ROWS` rows. The address says which: a filter, words to find, the number of the page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from uuid import UUID

from django.http import QueryDict
from django.utils.safestring import SafeString

from lib.links import Address, Link
from workspaces.admin.shared.badges import BADGES
from workspaces.core.names import SEPARATOR, sought_name
from workspaces.core.plan_words import WORDS
from workspaces.core.planning.plan_values import Action, Plan, Row
from workspaces.core.search import Search
from workspaces.core.tree_order import Forest, TreePage
from workspaces.services.removal.footprint import Holdings

ROWS = 500
EVERYTHING, CHANGES, REMOVALS, COLLATERAL = "all", "changes", "removals", "collateral"
LABELS = {CHANGES: "Changes", REMOVALS: "Removals", COLLATERAL: "Collateral", EVERYTHING: "Everything"}
CALM = (Action.KEEP, Action.UNTOUCHED)
GONE = (Action.REMOVE, Action.COLLATERAL)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanQuery:
    """The parameters of the address. `row` is the index of a row that must be on the page, despite all others."""

    show: str = ""
    find: str = ""
    page: int = 1
    row: int | None = None

    @classmethod
    def of(cls, query: QueryDict) -> PlanQuery:
        show = query.get("show", "")
        return cls(
            show=show if show in LABELS else "",
            find=sought_name(query.get("q", "")),
            page=_number(query.get("p", "")) or 1,
            row=_number(query.get("row", "")),
        )

    @property
    def narrow(self) -> bool:
        return bool(self.find or self.show not in ("", EVERYTHING))

    @property
    def address(self) -> Address:
        """The address of this view, without the page."""
        return Address({"show": self.show, "q": self.find})


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanRow:
    """One line of the table. `key` is its anchor, `twin` the address of the row with the same name, "" for none."""

    key: str
    name: str
    above: str
    depth: int
    has_below: bool
    tone: str
    merge: SafeString
    reconcile: SafeString
    changed: bool
    dot: str = ""
    gone: bool = False
    cause: str = ""
    twin: str = ""
    twin_label: str = ""
    holdings: Holdings = field(default_factory=Holdings)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanTable:
    """A page of the plan's rows, the numbers on other pages, and links to those.

    `goes_on`: the page before it stands above it. `whole`: every row of the plan is here, so that the browser can
    filter. `many`: more rows than a page holds, so that the server filters. `hidden_removals` counts removals outside
    the filter; `only_calm`: what is left out does not change.
    """

    rows: tuple[PlanRow, ...]
    total: int
    changed: int
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
    whole: bool
    many: bool
    only_calm: bool
    goes_on: bool
    earlier: str
    later: str


def plan_table(
    merge: Plan,
    reconcile: Plan,
    *,
    holdings: Mapping[UUID, Holdings],
    query: PlanQuery,
    goes_on: bool = False,
) -> PlanTable:
    """The two plans side by side: the rows that `query` asks for, each removal reachable."""
    page, show = _cut(merge, reconcile, query)
    rows, here = reconcile.rows, page.rows if goes_on else page.indices
    places = _Places({row.trail: index for index, row in enumerate(rows) if row.node}, set(here))
    parents = {rows[index].parent for index in page.shown}
    gone = {index for index, row in enumerate(rows) if row.action in GONE}
    counts = {
        CHANGES: sum(1 for pair in zip(merge.rows, rows, strict=True) if _changed(*pair)),
        REMOVALS: len(gone),
        COLLATERAL: sum(1 for index in gone if rows[index].action is Action.COLLATERAL),
        EVERYTHING: len(rows),
    }
    hidden_removals = len(gone.difference(page.shown))
    number = page.start // ROWS + 1
    view = replace(query, show=show if query.row is not None else query.show).address
    return PlanTable(
        rows=tuple(
            _row(
                index,
                merge.rows[index],
                plan=reconcile,
                places=places,
                holdings=holdings,
                has_below=index in parents,
            )
            for index in here
        ),
        total=len(rows),
        changed=counts[CHANGES],
        shown=len(page.shown),
        first=page.start + 1,
        last=page.end,
        left_out=len(rows) - len(page.shown),
        hidden_removals=hidden_removals,
        rest=len(page.rest),
        rest_removed=len(gone.intersection(page.rest)),
        choices=tuple(_choices(counts, show, query)),
        show=query.show,
        find=query.find,
        whole=len(here) == len(rows),
        many=len(rows) > ROWS,
        only_calm=len(rows) > ROWS and not query.narrow and not hidden_removals,
        goes_on=goes_on,
        earlier=view.but(p=number - 1) if number > 1 else "",
        later=view.but(p=number + 1) if page.rest else "",
    )


def collateral_links(plan: Plan, table: PlanTable, *, most: int) -> list[tuple[str, str]]:
    """Address and short path of the first collateral rows."""
    here = {row.key for row in table.rows}
    found = ((index, row) for index, row in enumerate(plan.rows) if row.action is Action.COLLATERAL)
    return [(_link(index, here=_key(index) in here), _short(row.trail)) for index, row in islice(found, most)]


@dataclass(frozen=True, slots=True)
class _Places:
    """The rows of the template's trails, and the ones that are on this page."""

    rows: Mapping[tuple[str, ...], int]
    here: Collection[int]

    def link(self, trail: tuple[str, ...] | None) -> str:
        index = self.rows.get(trail) if trail else None
        return "" if index is None else _link(index, here=index in self.here)


def _choices(counts: Mapping[str, int], show: str, query: PlanQuery) -> Iterator[Link]:
    for name, count in counts.items():
        if count or name == show:
            url = query.address.but(show=name)
            yield Link(label=LABELS[name], count=count, url=url, current=name == show)


def _row(
    index: int,
    merge: Row,
    *,
    plan: Plan,
    places: _Places,
    holdings: Mapping[UUID, Holdings],
    has_below: bool,
) -> PlanRow:
    row = plan.rows[index]
    *above, name = row.trail
    gone = row.action in GONE
    return PlanRow(
        key=_key(index),
        name=name,
        above=SEPARATOR.join(above),
        depth=len(above),
        has_below=has_below,
        tone=WORDS[row.action].tone,
        merge=BADGES[merge.action],
        reconcile=BADGES[row.action],
        changed=_changed(merge, row),
        dot=_dot(row),
        gone=gone,
        cause=_cause(row, plan),
        twin=places.link(row.twin) if row.action is not Action.HELD else "",
        twin_label=_short(row.twin) if row.twin else "",
        holdings=holdings.get(row.live.id, Holdings()) if gone and row.live else Holdings(),
    )


def _cause(row: Row, plan: Plan) -> str:
    """The cause, before the twin's link if there is one; "" for what is kept, created or untouched."""
    if row.action in GONE and row.twin:
        return "same name as"
    if row.action is Action.COLLATERAL and row.parent is not None:
        return f"below removed {plan.rows[row.parent].name}"
    return row.cause if row.action not in (*CALM, Action.CREATE) else ""


def _dot(row: Row) -> str:
    if row.live is None:
        return "new"
    return "" if row.live.status == "online" else "off"


def _key(index: int) -> str:
    return f"w{index}"


def _link(index: int, *, here: bool) -> str:
    """The link to the row, on this page or on its own."""
    return f"#{_key(index)}" if here else f"?row={index}#{_key(index)}"


def _short(trail: tuple[str, ...]) -> str:
    return SEPARATOR.join(trail[-2:])


# ---- The rows that the address asks for.


def _cut(merge: Plan, reconcile: Plan, query: PlanQuery) -> tuple[TreePage, str]:
    """The wanted page and its rows: of more than `ROWS` only the changes, unless all are wanted."""
    rows, trees = reconcile.rows, Forest(reconcile.rows, [row.parent for row in reconcile.rows])
    if query.row is not None:
        return trees.page(range(len(rows)), number=min(query.row, len(rows) - 1) // ROWS + 1, size=ROWS), EVERYTHING
    show = query.show or _usual(rows, query.find)
    wanted = [index for index, row in enumerate(rows) if _shows(merge.rows[index], row, show)]
    if query.find:
        search = Search(query.find)
        wanted = [index for index in wanted if search.finds(rows[index].trail)]
    shown = trees.with_ancestors(wanted)
    return trees.page(shown, number=min(max(query.page, 1), -(-len(shown) // ROWS) or 1), size=ROWS), show


def _changed(merge: Row, reconcile: Row) -> bool:
    return merge.action not in CALM or reconcile.action not in CALM


def _usual(rows: Sequence[Row], find: str) -> str:
    """Without a filter: everything if it fits on a page, else the changes; words are searched in all rows."""
    return EVERYTHING if find or len(rows) <= ROWS else CHANGES


def _shows(merge: Row, row: Row, show: str) -> bool:
    if show == CHANGES:
        return _changed(merge, row)
    return row.action in {REMOVALS: GONE, COLLATERAL: (Action.COLLATERAL,)}.get(show, Action)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 9 else None
