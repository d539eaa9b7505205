"""A plan as lines of a table, with the plan of a merge beside it if there is one. Nothing is decided here.

A line stands for each row of the plan, and a thin one for where a moved workspace stands now. Merge and reconcile match
differently, so their rows do not correspond one by one: each row of merge's plan is told in one of the lines.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from workspaces.core.planning.plan_values import REMOVING, Action, Plan, Row


class PlanLine(NamedTuple):
    """A line of the table. `merge` is merge's row, None if that is told in another line, or if there is no merge.

    `partner` is the line of the moved workspace's other place. `along` says how many come along with it, and `carrier`
    is the line of the moved one that this one comes along with. Of a thin line `left` says how many merge leaves there.
    """

    row: Row
    merge: Row | None
    parent: int | None
    depth: int
    trail: tuple[str, ...]
    thin: bool = False
    partner: int | None = None
    along: int = 0
    left: int = 0
    carrier: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanLines:
    """In tree order; `of_row` has the line of each of the plan's rows."""

    all: Sequence[PlanLine]
    of_row: Sequence[int]
    plan: Plan


def plan_lines(plan: Plan, *, merge: Plan | None = None) -> PlanLines:
    """The lines of the plan; `merge` stands beside a reconcile."""
    return _Overlay(plan, merge).lines()


class _Overlay:
    """Places are indices of the plan's rows; a thin line has the complement of the moved one's."""

    def __init__(self, plan: Plan, merge: Plan | None) -> None:
        self.plan, self.rows = plan, plan.rows
        self.live = {row.live.id.int: index for index, row in enumerate(self.rows) if row.live and stands(row)}
        self.carrier = _carriers(self.rows)
        self.along = Counter(
            carrier
            for index, carrier in enumerate(self.carrier)
            if carrier not in (None, index) and self.rows[index].action not in REMOVING
        )
        self.told: dict[int, Row] = {}
        self.left_behind: defaultdict[int, list[Row]] = defaultdict(list)
        nodes = {id(row.node): index for index, row in enumerate(self.rows) if row.node}
        for row in merge.rows if merge else ():
            self._tell(row, nodes.get(id(row.node)) if row.node else None)

    def _tell(self, row: Row, node: int | None) -> None:
        """In the line of its node, or where the workspace stands that merge leaves alone."""
        here = self.live[row.live.id.int] if row.live else None
        if node is not None and (here is None or here == node or row.action is Action.MOVE):
            self.told[node] = row
        elif here is not None:
            carrier = self.carrier[here]
            if carrier is not None and self.rows[here].node:
                self.left_behind[carrier].append(row)
            else:
                self.told.setdefault(here, row)

    def lines(self) -> PlanLines:
        below: defaultdict[int | None, list[int]] = defaultdict(list)
        moved: list[int] = []
        for index, row in enumerate(self.rows):
            below[row.parent].append(index)
            if row.action is Action.MOVE:
                moved.append(index)
        for index in moved:
            below[self._old_parent(index)].append(~index)
        return self._in_order(below)

    def _in_order(self, below: Mapping[int | None, list[int]]) -> PlanLines:
        line_of: dict[int, int] = {}
        order: list[tuple[int, int | None, int]] = []
        stack: list[tuple[int, int | None, int]] = [(place, None, 0) for place in reversed(below.get(None, []))]
        while stack:
            place, parent, depth = stack.pop()
            line_of[place] = len(order)
            order.append((place, parent, depth))
            stack += [(child, line_of[place], depth + 1) for child in reversed(below.get(place, []))]
        return PlanLines(
            all=[self._line(place, parent, depth, line_of) for place, parent, depth in order],
            of_row=[line_of[index] for index in range(len(self.rows))],
            plan=self.plan,
        )

    def _line(self, place: int, parent: int | None, depth: int, line_of: Mapping[int, int]) -> PlanLine:
        if place < 0:
            return self._thin_line(~place, parent, depth, line_of)
        row, carrier = self.rows[place], self.carrier[place]
        with_it = None if carrier is None or carrier == place else line_of[carrier]
        return PlanLine(
            row, self.told.get(place), parent, depth, row.trail, partner=line_of.get(~place), carrier=with_it
        )

    def _thin_line(self, index: int, parent: int | None, depth: int, line_of: Mapping[int, int]) -> PlanLine:
        row, stays = self.rows[index], self.left_behind[index]
        return PlanLine(
            row, next((each for each in stays if _same(each, row)), None), parent, depth, row.before or row.trail,
            thin=True, partner=line_of[index], along=self.along[index],
            left=sum(each.action is Action.LEFT_RUNNING for each in stays),
        )  # fmt: skip

    def _old_parent(self, index: int) -> int | None:
        """The place of the nearest workspace above it now that still has a line there."""
        live = self.rows[index].live
        above = live.parent_id if live else None
        while above is not None:
            place = self.live.get(above.int)
            if place is None:
                return None
            if self.rows[place].action is Action.MOVE:
                return ~place
            if self.carrier[place] is None:
                return place
            stands = self.rows[place].live
            above = stands.parent_id if stands else None
        return None


def _carriers(rows: Sequence[Row]) -> list[int | None]:
    """For each row the nearest moved one at or above it."""
    found: list[int | None] = []
    for index, row in enumerate(rows):
        above = None if row.parent is None else found[row.parent]
        found.append(index if row.action is Action.MOVE else above if stands(row) else None)
    return found


def stands(row: Row) -> bool:
    """Whether the workspace is live now."""
    return row.live is not None and row.live.status != "removed"


def _same(one: Row, other: Row) -> bool:
    return one.live is not None and other.live is not None and one.live.id == other.live.id
