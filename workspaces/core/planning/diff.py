"""Step two of a plan: what happens to each matched pair, each unmatched node and each unmatched row, and its cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workspaces.core.names import fold_spaces
from workspaces.core.planning.matching import Pair
from workspaces.core.planning.plan_values import Action, Reason, Row
from workspaces.core.template import Template

_CREATE, _KEEP, _UNTOUCHED, _LEFT_RUNNING = Action.CREATE, Action.KEEP, Action.UNTOUCHED, Action.LEFT_RUNNING


def merge(pairs: Sequence[Pair], want: Template) -> list[Row]:
    """Create what has no match, keep what has one. A live row without a node stays: untouched, or left running if the
    template has its name at another place."""
    places: dict[str, tuple[str, ...] | None] = dict.fromkeys(want.names_asleep())
    places |= {pair.trail[-1]: pair.trail for pair in reversed(pairs) if pair.node}
    return [_merged(pair, places) for pair in pairs]


def reconcile(merged: list[Row]) -> list[Row]:
    """The same, and remove each leftover with all below it. A protected row stays, and so does all above it."""
    if not any(row.reason for row in merged):
        return merged
    holding = _protected_or_above(merged)
    condemned: list[bool] = []  # a leftover, or below one
    doomed: list[bool] = []  # below (or itself) a leftover that nothing holds
    marked: list[Row] = []
    for row in merged:
        index = len(marked)
        leftover = row.action is _LEFT_RUNNING
        condemned.append(leftover or (row.parent is not None and condemned[row.parent]))
        doomed.append((leftover and index not in holding) or (row.parent is not None and doomed[row.parent]))
        if doomed[index]:
            marked.append(_removed(row))
        elif condemned[index] and index in holding:
            marked.append(_held(row, holder=merged[holding[index]]))
        else:
            marked.append(row)
    return marked


def empty_set_warning(want: Template, merged: Sequence[Row]) -> str | None:
    """An empty template must never mean "remove everything": the sentence that says nothing was removed, or None."""
    if not want.workspaces:
        return "Reconcile removes nothing: the template names no workspace."
    if not any(row.node for row in merged):
        return "Reconcile removes nothing: the template lets no workspace run."
    return None


def _merged(pair: Pair, places: Mapping[str, tuple[str, ...] | None]) -> Row:
    """`places` has, by name, the first place where the template lets it run, None if there is none."""
    trail, parent, node, live = pair
    if node:
        return Row(_KEEP if live else _CREATE, trail, parent, node, live)
    name = fold_spaces(trail[-1])
    if name not in places:
        return Row(_UNTOUCHED, trail, parent, None, live)
    twin = places[name]
    return Row(_LEFT_RUNNING, trail, parent, None, live, Reason.ZOMBIE if twin else Reason.NOT_SPAWNING, twin)


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
