"""Which rows of a plan are on the page: a filter, words to find, and a page of at most `ROWS` rows, all by address."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict

from workspaces.core.names import fold_spaces, sought_name
from workspaces.core.planning.plan_values import Action, Plan, Row

ROWS = 500
EVERYTHING, CHANGES, REMOVALS, COLLATERAL = "all", "changes", "removals", "collateral"
SHOWS = (CHANGES, REMOVALS, COLLATERAL, EVERYTHING)
CALM = (Action.KEEP, Action.UNTOUCHED)
GONE = (Action.REMOVE, Action.COLLATERAL)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanQuery:
    """What the address asks for. `row` is the index of a row that has to be on the page, whatever else is asked."""

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

    def but(self, **changes: str | int) -> str:
        """The address of the same view with something changed; what is not named of `p` and `row` is dropped."""
        given = {"show": self.show, "q": self.find, **changes}
        return "?" + urlencode({name: value for name, value in given.items() if value not in ("", 1)})


FIRST_PAGE = PlanQuery()


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """The rows of one page: `indices` in tree order, `context` those that only show what the first one stands below.

    `shown` are the rows of all pages of this view, of which this page begins at the place `start`.
    """

    indices: tuple[int, ...]
    context: frozenset[int]
    shown: tuple[int, ...]
    start: int
    show: str

    @property
    def end(self) -> int:
        return self.start + len(self.indices) - len(self.context)

    @property
    def rest(self) -> tuple[int, ...]:
        """The rows of this view after this page."""
        return self.shown[self.end :]


def cut(merge: Plan, reconcile: Plan, query: PlanQuery, *, goes_on: bool = False) -> Cut:
    """The page that is asked for. Of more than `ROWS` rows only those that change are shown, unless all are wanted.

    `goes_on`: the page is put below the one before it, where what its first row stands below is shown already.
    """
    rows = reconcile.rows
    show = EVERYTHING if query.row is not None else query.show or _usual(rows, query.find)
    wanted = [index for index in range(len(rows)) if _shows(merge.rows[index], rows[index], show, query.find)]
    shown = tuple(sorted(with_ancestors(wanted, rows))) if show != EVERYTHING or query.find else tuple(wanted)
    if query.row is not None:
        shown, page = tuple(range(len(rows))), min(query.row, len(rows) - 1) // ROWS + 1
    else:
        page = min(max(query.page, 1), -(-len(shown) // ROWS) or 1)
    start = (page - 1) * ROWS
    here = shown[start : start + ROWS]
    context = frozenset() if goes_on else frozenset(with_ancestors(here[:1], rows)) - set(here)
    return Cut(indices=(*sorted(context), *here), context=context, shown=shown, start=start, show=show)


def changed(merge: Row, reconcile: Row) -> bool:
    return merge.action not in CALM or reconcile.action not in CALM


def with_ancestors(indices: Collection[int], rows: Sequence[Row]) -> set[int]:
    found: set[int] = set()
    for start in indices:
        index: int | None = start
        while index is not None and index not in found:
            found.add(index)
            index = rows[index].parent
    return found


def _usual(rows: Sequence[Row], find: str) -> str:
    """Without a filter: everything where that is a page, else the changes; words are looked for everywhere."""
    return EVERYTHING if find or len(rows) <= ROWS else CHANGES


def _shows(merge: Row, row: Row, show: str, find: str) -> bool:
    if show == CHANGES and not changed(merge, row):
        return False
    if show == REMOVALS and row.action not in GONE:
        return False
    if show == COLLATERAL and row.action is not Action.COLLATERAL:
        return False
    return not find or find.casefold() in fold_spaces(row.path).casefold()


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 9 else None
