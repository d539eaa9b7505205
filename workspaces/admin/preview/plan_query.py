"""The rows of a plan on a page: a filter, words to find, a page of at most `ROWS` rows, all in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from lib.links import Address
from workspaces.core.names import sought_name
from workspaces.core.planning.plan_values import Action, Plan, Row
from workspaces.core.search import Search
from workspaces.core.tree_order import Forest, TreePage

ROWS = 500
EVERYTHING, CHANGES, REMOVALS, COLLATERAL = "all", "changes", "removals", "collateral"
SHOWS = (CHANGES, REMOVALS, COLLATERAL, EVERYTHING)
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
            show=show if show in SHOWS else "",
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


def cut(merge: Plan, reconcile: Plan, query: PlanQuery) -> tuple[TreePage, str]:
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


def changed(merge: Row, reconcile: Row) -> bool:
    return merge.action not in CALM or reconcile.action not in CALM


def _usual(rows: Sequence[Row], find: str) -> str:
    """Without a filter: everything if it fits on a page, else the changes; words are searched in all rows."""
    return EVERYTHING if find or len(rows) <= ROWS else CHANGES


def _shows(merge: Row, row: Row, show: str) -> bool:
    if show == CHANGES:
        return changed(merge, row)
    return row.action in {REMOVALS: GONE, COLLATERAL: (Action.COLLATERAL,)}.get(show, Action)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 9 else None
