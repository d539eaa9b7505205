"""The lines of a plan that the address asks for: a filter, words to find, the number of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict

from lib.links import Address
from workspaces.admin.plan.plan_lines import PlanLine
from workspaces.core.names import sought_name
from workspaces.core.planning.plan_values import REMOVING, Action
from workspaces.core.search import Search
from workspaces.core.tree_order import Forest, TreePage

ROWS = 500
EVERYTHING, CHANGES = "all", "changes"
CALM = (Action.KEEP, Action.UNTOUCHED)


def is_changed(line: PlanLine) -> bool:
    """Whether a plan changes it, or leaves it different from what was wanted."""
    told = line.merge is not None and line.merge.action not in CALM
    return line.thin or told or line.row.action not in CALM or line.row.differs


def does(*actions: Action) -> Callable[[PlanLine], bool]:
    """Whether the plan does one of these to the workspace of the line, where it will be."""
    return lambda line: not line.thin and line.row.action in actions


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """`counts` where it differs from what it shows: a moved workspace has two lines."""

    label: str
    shows: Callable[[PlanLine], bool]
    counts: Callable[[PlanLine], bool] | None = None


ALL = Filter(label="All", shows=lambda _: True)
REMOVALS = Filter(label="Removals", shows=does(*REMOVING))


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanQuery:
    """The parameters of the address. `row` is the number of a line that must be on the page, despite all others;
    `kept` are those that are no part of the view. `calm`: unchanged lines are shown, too, where all fit on a page."""

    filters: Mapping[str, Filter]
    show: str = ""
    find: str = ""
    page: int = 1
    row: int | None = None
    kept: Mapping[str, str] = field(default_factory=dict)
    calm: bool = True

    @classmethod
    def of(
        cls, query: QueryDict, *, filters: Mapping[str, Filter], kept: Mapping[str, str], calm: bool = True
    ) -> PlanQuery:
        show = query.get("show", "")
        return cls(
            filters=filters,
            show=show if show in filters else "",
            find=sought_name(query.get("q", "")),
            page=_number(query.get("p", "")) or 1,
            row=_number(query.get("row", "")),
            kept=kept,
            calm=calm,
        )

    @property
    def address(self) -> Address:
        """The address of this view, without the page."""
        return Address({"show": self.show, "q": self.find, **self.kept})

    @property
    def plain(self) -> Address:
        """The address of the same plan, without a view."""
        return Address(self.kept)


def cut(lines: Sequence[PlanLine], query: PlanQuery) -> tuple[TreePage, str]:
    """The wanted page and its filter: of more than `ROWS` only the changes, unless all are wanted."""
    trees = Forest(lines, [line.parent for line in lines])
    if query.row is not None:
        return trees.page(range(len(lines)), number=min(query.row, len(lines) - 1) // ROWS + 1, size=ROWS), EVERYTHING
    show = query.show or _usual(lines, query)
    wanted = [index for index, line in enumerate(lines) if query.filters[show].shows(line)]
    if query.find:
        search = Search(query.find)
        wanted = [index for index in wanted if search.finds(lines[index].trail)]
    shown = trees.with_ancestors(wanted)
    return trees.page(shown, number=min(max(query.page, 1), -(-len(shown) // ROWS) or 1), size=ROWS), show


def _usual(lines: Sequence[PlanLine], query: PlanQuery) -> str:
    """Without a filter: everything if it fits on a page, else the changes; words are searched in all lines."""
    fits = query.calm and len(lines) <= ROWS
    return EVERYTHING if query.find or fits else CHANGES


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 9 else None
