"""The lines of a plan that the address asks for: a filter, words to find, the number of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict

from lib.links import Address
from workspaces.admin.preview.plan_lines import PlanLine
from workspaces.admin.preview.plan_options import Chosen
from workspaces.core.names import sought_name
from workspaces.core.planning.plan_values import Action
from workspaces.core.search import Search
from workspaces.core.tree_order import Forest, TreePage

ROWS = 500
EVERYTHING, CHANGES = "all", "changes"
CALM = (Action.KEEP, Action.UNTOUCHED)
GONE = (Action.REMOVE, Action.COLLATERAL)


def is_changed(line: PlanLine) -> bool:
    """Whether either plan changes it, or leaves it different from the template."""
    told = line.merge is not None and line.merge.action not in CALM
    return line.thin or told or line.row.action not in CALM or line.row.differs


def _any(_: PlanLine) -> bool:
    return True


def _does(*actions: Action) -> Callable[[PlanLine], bool]:
    return lambda line: not line.thin and line.row.action in actions


def _moves(line: PlanLine) -> bool:
    return Action.MOVE in (line.row.action, line.merge.action if line.merge else None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """`counts` where it differs from what it shows: a moved workspace has two lines."""

    label: str
    shows: Callable[[PlanLine], bool]
    counts: Callable[[PlanLine], bool] | None = None


FILTERS: Mapping[str, Filter] = {
    EVERYTHING: Filter(label="All", shows=_any),
    CHANGES: Filter(label="Changes", shows=is_changed),
    "moves": Filter(label="Moves", shows=_moves, counts=lambda line: not line.thin and _moves(line)),
    "updates": Filter(label="Updates", shows=_does(Action.UPDATE)),
    "removals": Filter(label="Removals", shows=_does(*GONE)),
    "collateral": Filter(label="Collateral", shows=_does(Action.COLLATERAL)),
    "left": Filter(label="Drift and conflicts", shows=lambda line: not line.thin and line.row.differs),
    "untouched": Filter(label="Untouched", shows=_does(Action.UNTOUCHED)),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanQuery:
    """The parameters of the address. `row` is the number of a line that must be on the page, despite all others."""

    show: str = ""
    find: str = ""
    page: int = 1
    row: int | None = None
    chosen: Chosen = field(default_factory=Chosen)

    @classmethod
    def of(cls, query: QueryDict, chosen: Chosen) -> PlanQuery:
        show = query.get("show", "")
        return cls(
            show=show if show in FILTERS else "",
            find=sought_name(query.get("q", "")),
            page=_number(query.get("p", "")) or 1,
            row=_number(query.get("row", "")),
            chosen=chosen,
        )

    @property
    def address(self) -> Address:
        """The address of this view, without the page."""
        return Address({"show": self.show, "q": self.find, **self.chosen.state})

    @property
    def options_alone(self) -> Address:
        return Address(self.chosen.state)


def cut(lines: Sequence[PlanLine], query: PlanQuery) -> tuple[TreePage, str]:
    """The wanted page and its filter: of more than `ROWS` only the changes, unless all are wanted."""
    trees = Forest(lines, [line.parent for line in lines])
    if query.row is not None:
        return trees.page(range(len(lines)), number=min(query.row, len(lines) - 1) // ROWS + 1, size=ROWS), EVERYTHING
    show = query.show or _usual(lines, query.find)
    wanted = [index for index, line in enumerate(lines) if FILTERS[show].shows(line)]
    if query.find:
        search = Search(query.find)
        wanted = [index for index in wanted if search.finds(lines[index].trail)]
    shown = trees.with_ancestors(wanted)
    return trees.page(shown, number=min(max(query.page, 1), -(-len(shown) // ROWS) or 1), size=ROWS), show


def _usual(lines: Sequence[PlanLine], find: str) -> str:
    """Without a filter: everything if it fits on a page, else the changes; words are searched in all lines."""
    return EVERYTHING if find or len(lines) <= ROWS else CHANGES


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 9 else None
