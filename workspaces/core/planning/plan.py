"""What an import would do, decided here and nowhere else: live rows + template + mode → `Plan`.

A plan is one merged tree. First come the template's workspaces, each matched by (parent, name) or new; beside them,
under the same parent, what is live and not declared there. Every row has its action and the cause of it. Preview
shows the plan, apply executes it, and the fingerprint ties the two together.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from workspaces.core.names import fold_spaces
from workspaces.core.planning.guards import empty_set_warning
from workspaces.core.planning.plan_values import Action, Live, Mode, Plan, Reason, Row
from workspaces.core.template import Node, Template
from workspaces.errors import UnknownMode


def parse_mode(text: str | None) -> Mode:
    """The mode a caller named; nothing and "" mean merge. Raises UnknownMode."""
    try:
        return Mode(text or Mode.MERGE)
    except ValueError as error:
        raise UnknownMode(f'Unknown mode "{text}"; use merge or reconcile.') from error


def plan_import(*, have: Collection[Live], want: Template, mode: Mode, last_run: UUID | None = None) -> Plan:
    """Decide what importing `want` over `have` (all live rows of one organization) does. Pure and stable.

    `last_run` is the organization's last run that changed something.
    """
    return Comparison(have=have, want=want, last_run=last_run).plan(mode)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A template beside all live rows of one organization: what both modes share is worked out once."""

    have: Collection[Live]
    want: Template
    last_run: UUID | None = None

    def plan(self, mode: Mode) -> Plan:
        """What importing in this mode does."""
        rows, warnings = self._merged, self.want.warnings
        if mode is Mode.RECONCILE:
            warning = empty_set_warning(declared=bool(self.want.workspaces), running=any(row.node for row in rows))
            rows = rows if warning else _mark_removals(rows)
            warnings += (warning,) if warning else ()
        return Plan(
            mode=mode,
            template=self.want,
            rows=tuple(rows),
            warnings=warnings,
            fingerprint=self.fingerprint(mode),
        )

    def fingerprint(self, mode: Mode) -> str:
        """SHA-256 (hex) over all that a plan reads: mode, template, of each live row id, parent, name and flag, and the
        last run that changed something. So the fingerprint of a plan that changed something never fits again.
        """
        read = [mode, self.want.digest, self._seen, *([str(self.last_run)] if self.last_run else [])]
        return hashlib.sha256(" ".join(read).encode()).hexdigest()

    @cached_property
    def _merged(self) -> list[Row]:
        return _mark_leftovers(_merged_tree(self.have, self.want), self.want)

    @cached_property
    def _seen(self) -> str:
        rows = sorted((row.id.int, row.parent_id and row.parent_id.int, row.name, row.protected) for row in self.have)
        return hashlib.sha256(repr(rows).encode(errors="surrogatepass")).hexdigest()


# A row to come: its parent's index, its name, where the template declares it, what is live.
_Pending = tuple[int | None, str, Node | None, Live | None]

# Live rows by name; rows are found by their ids' numbers, as UUIDs themselves would be compared in Python.
_Alive = dict[str, Live]
_NOBODY: _Alive = {}
_TOP = 0  # instead of a parent's number, as in the database's index
_CREATE, _KEEP, _UNTOUCHED, _LEFT_RUNNING = Action.CREATE, Action.KEEP, Action.UNTOUCHED, Action.LEFT_RUNNING


def _merged_tree(have: Collection[Live], want: Template) -> list[Row]:
    """The template laid over the live tree, depth first: matched and new nodes, then the live rows beside them."""
    below = _children_by_parent(have)
    strays = sorted(below.keys() - {_TOP} - {row.id.int for row in have}, reverse=True)
    rows: list[Row] = []
    stack = _siblings(want.workspaces, below.pop(_TOP, _NOBODY), parent=None)
    while stack or below:
        if not stack:  # rows whose parent is not live, then those that stand in a cycle: they are shown at the top
            stack = _siblings((), below.pop(strays.pop() if strays else min(below)), parent=None)
        parent, name, node, live = stack.pop()
        declared = node.children if node else ()
        alive = below.pop(live.id.int, _NOBODY) if live else _NOBODY
        if declared or alive:
            stack += _siblings(declared, alive, parent=len(rows))
        trail = (name,) if parent is None else (*rows[parent].trail, name)
        rows.append(Row(_placed(node, live), trail, parent, node, live))
    return rows


def _children_by_parent(have: Collection[Live]) -> dict[int, _Alive]:
    """The parent's number → name → row. The database allows one live row for each (parent, name).

    A name that an older version stored with other spaces counts as the name it looks like, unless a sibling has that.
    """
    below: defaultdict[int, _Alive] = defaultdict(dict)
    odd: list[tuple[str, str, Live]] = []
    for row in have:
        name = fold_spaces(row.name)
        if name == row.name:
            below[row.parent_id.int if row.parent_id else _TOP][name] = row
        else:
            odd.append((row.name, name, row))
    for written, name, row in sorted(odd):
        siblings = below[row.parent_id.int if row.parent_id else _TOP]
        siblings[written if name in siblings else name] = row
    return below


def _siblings(declared: Sequence[Node], alive: _Alive, *, parent: int | None) -> list[_Pending]:
    """Whatever is declared takes what is live under its name, the rest of `alive` follows; the last one first."""
    running: list[_Pending] = [
        (parent, each.name, each, alive.pop(each.name, None)) for each in declared if each.spawning
    ]
    running += [(parent, name, None, alive[name]) for name in sorted(alive)]
    running.reverse()
    return running


def _placed(node: Node | None, live: Live | None) -> Action:
    if node is None:
        return _UNTOUCHED
    return _KEEP if live else _CREATE


def _mark_leftovers(rows: list[Row], want: Template) -> list[Row]:
    """Live rows outside the result set whose name the template uses: left running, unless a reconcile removes them."""
    if all(row.node for row in rows):
        return rows
    places = dict.fromkeys(want.names_asleep()) | {row.trail[-1]: row.trail for row in reversed(rows) if row.node}
    return [row if row.node else _leftover(row, places) for row in rows]


def _leftover(row: Row, places: Mapping[str, tuple[str, ...] | None]) -> Row:
    """`places` has, by name, the first place where the template lets it run, None where it does so nowhere."""
    name = fold_spaces(row.trail[-1])
    if name not in places:
        return row
    twin = places[name]
    reason = Reason.ZOMBIE if twin else Reason.NOT_SPAWNING
    return Row(_LEFT_RUNNING, row.trail, row.parent, None, row.live, reason, twin)


def _mark_removals(rows: list[Row]) -> list[Row]:
    """Leftovers go with everything below them; a protected row stays, and so does all above it."""
    if not any(row.reason for row in rows):
        return rows
    holding = _protected_or_above(rows)
    condemned: list[bool] = []  # a leftover, or below one
    doomed: list[bool] = []  # below (or itself) a leftover that nothing holds
    marked: list[Row] = []
    for row in rows:
        index = len(marked)
        leftover = row.action is _LEFT_RUNNING
        condemned.append(leftover or (row.parent is not None and condemned[row.parent]))
        doomed.append((leftover and index not in holding) or (row.parent is not None and doomed[row.parent]))
        if doomed[index]:
            marked.append(_removed(row))
        elif condemned[index] and index in holding:
            marked.append(_held(row, holder=rows[holding[index]]))
        else:
            marked.append(row)
    return marked


def _protected_or_above(rows: Sequence[Row]) -> dict[int, int]:
    """Index of each protected row and of every row above one → index of the protected row."""
    holding: dict[int, int] = {}
    for index in reversed(range(len(rows))):
        row = rows[index]
        if row.live and row.live.protected:
            holding[index] = index
        if index in holding and row.parent is not None:
            holding[row.parent] = holding[index]
    return holding


def _removed(row: Row) -> Row:
    if row.reason:
        return Row(Action.REMOVE, *row[1:])
    return row._replace(action=Action.COLLATERAL, reason=Reason.COLLATERAL)


def _held(row: Row, *, holder: Row) -> Row:
    return row._replace(action=Action.HELD, reason=row.reason or Reason.COLLATERAL, holder=holder.trail)
