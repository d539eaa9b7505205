"""Both plans of one upload as one table: a row per workspace, a column per mode. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from uuid import UUID

from django.utils.safestring import SafeString

from lib.links import Link
from lib.text import listed, plural
from workspaces.admin.preview.plan_query import (
    CALM,
    CHANGES,
    COLLATERAL,
    EVERYTHING,
    GONE,
    REMOVALS,
    ROWS,
    PlanQuery,
    changed,
    cut,
)
from workspaces.admin.shared.badges import badge
from workspaces.core.names import SEPARATOR
from workspaces.core.plan_words import WORDS
from workspaces.core.planning.plan_values import Action, Plan, Reason, Row
from workspaces.services.removal.footprint import Holdings


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

    @property
    def level(self) -> int:
        return self.depth + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanTable:
    """A page of the plan's rows, the numbers on other pages, and links to those.

    `goes_on`: the page before it stands above it. `whole`: every row of the plan is here, so that the browser can
    filter. `hidden_removals` counts removals outside the filter.
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
    query: PlanQuery
    goes_on: bool = False
    earlier: str = ""
    later: str = ""

    @property
    def whole(self) -> bool:
        return len(self.rows) == self.total

    @property
    def many(self) -> bool:
        """More rows than a page holds: they are filtered by the server."""
        return self.total > ROWS


def plan_table(
    merge: Plan,
    reconcile: Plan,
    *,
    holdings: Mapping[UUID, Holdings],
    query: PlanQuery,
    goes_on: bool = False,
) -> PlanTable:
    """The two plans side by side: the rows that `query` asks for, each removal reachable."""
    page, show = cut(merge, reconcile, query)
    rows, here = reconcile.rows, page.rows if goes_on else page.indices
    places = _Places({row.trail: index for index, row in enumerate(rows) if row.node}, set(here))
    parents = {rows[index].parent for index in page.shown}
    gone = {index for index, row in enumerate(rows) if row.action in GONE}
    changing = sum(1 for pair in zip(merge.rows, rows, strict=True) if changed(*pair))
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
        changed=changing,
        shown=len(page.shown),
        first=page.start + 1,
        last=page.end,
        left_out=len(rows) - len(page.shown),
        hidden_removals=len(gone.difference(page.shown)),
        rest=len(page.rest),
        rest_removed=len(gone.intersection(page.rest)),
        choices=tuple(_choices(reconcile, show, query, changing=changing)),
        query=query,
        goes_on=goes_on,
        earlier=view.but(p=number - 1) if number > 1 else "",
        later=view.but(p=number + 1) if page.rest else "",
    )


def collateral_links(plan: Plan, table: PlanTable, *, most: int) -> list[tuple[str, str]]:
    """Address and short path of the first collateral rows."""
    here = {row.key for row in table.rows}
    found = ((index, row) for index, row in enumerate(plan.rows) if row.action is Action.COLLATERAL)
    return [(_link(index, here=_key(index) in here), _short(row.trail)) for index, row in islice(found, most)]


def names_a_live_one(plan: Plan) -> bool:
    """Whether a warning concerns a live workspace that the template names only under `spawning: false`."""
    return any(row.reason is Reason.NOT_SPAWNING for row in plan.rows)


def leftovers(rows: Sequence[Row]) -> str:
    """`8 duplicates`, or `8 leftovers` where one of them has no twin in the template."""
    return plural(len(rows), "duplicate" if all(row.twin for row in rows) else "leftover")


def subtrees(plan: Plan) -> str:
    """`1 subtree: PM › Infra Lead`"""
    return f"{plural(len(plan.removal_roots), 'subtree')}: {listed([row.path for row in plan.removal_roots], most=3)}"


@dataclass(frozen=True, slots=True)
class _Places:
    """The rows of the template's trails, and the ones that are on this page."""

    rows: Mapping[tuple[str, ...], int]
    here: Collection[int]

    def link(self, trail: tuple[str, ...] | None) -> str:
        index = self.rows.get(trail) if trail else None
        return "" if index is None else _link(index, here=index in self.here)


def _choices(plan: Plan, show: str, query: PlanQuery, *, changing: int) -> Iterator[Link]:
    counts = {
        CHANGES: ("Changes", changing),
        REMOVALS: ("Removals", len(plan.removals)),
        COLLATERAL: ("Collateral", len(plan.collateral)),
        EVERYTHING: ("Everything", len(plan.rows)),
    }
    for name, (label, count) in counts.items():
        if count or name == show:
            yield Link(label=label, count=count, url=query.address.but(show=name), current=name == show)


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
    gone = row.action in GONE
    return PlanRow(
        key=_key(index),
        name=row.name,
        above=SEPARATOR.join(row.trail[:-1]),
        depth=row.depth,
        has_below=has_below,
        tone=WORDS[row.action].tone,
        merge=badge(merge.action),
        reconcile=badge(row.action),
        changed=changed(merge, row),
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
