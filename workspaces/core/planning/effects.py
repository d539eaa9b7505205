"""Step two of a plan: what happens to each place of the merged tree, and why. Pure.

Merge creates, and moves and updates where it may. What the template does not name, or names elsewhere, stays. Reconcile
then removes the leftovers with all that stands below them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from workspaces.core.names import fold_spaces
from workspaces.core.planning.field_diff import Differs, FieldDiff
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.merged_tree import Pair
from workspaces.core.planning.plan_rows import Action, Live, Reason, Row, Whose
from workspaces.core.template import Node, Template

Compare = Callable[[Node, Live], FieldDiff | None]
"""The difference between a node and its workspace; None if that is what the template says."""

_Places = Mapping[str, tuple[str, ...] | None]

_CREATE, _KEEP, _UPDATE, _MOVE = Action.CREATE, Action.KEEP, Action.UPDATE, Action.MOVE
_UNTOUCHED, _LEFT_RUNNING = Action.UNTOUCHED, Action.LEFT_RUNNING


def merge(
    pairs: Sequence[Pair], want: Template, *, options: ImportOptions, compare: Compare, superseded: frozenset[int]
) -> list[Row]:
    """Nothing goes: a live row without a node is untouched, or left running if the template has its name elsewhere."""
    places = _places(pairs, want) if any(pair.node is None for pair in pairs) else {}
    rows: list[Row] = []
    for pair in pairs:
        above = rows[pair.parent] if pair.parent is not None else None
        along = "" if above is None else above.name if above.action is _MOVE else above.along
        if pair.node is None:
            rows.append(_unnamed(pair, places, want, retire=options.retire, superseded=superseded, along=along))
        elif pair.live is None:
            rows.append(Row(_CREATE, pair.trail, pair.parent, pair.node))
        else:
            found = compare(pair.node, pair.live)
            rows.append(_matched(pair, above, found, updates=options.updates, along=along))
    return rows


def _places(pairs: Sequence[Pair], want: Template) -> _Places:
    """By name, the first place where the template lets it run, None if there is none."""
    places: dict[str, tuple[str, ...] | None] = dict.fromkeys(want.names_asleep())
    return places | {pair.trail[-1]: pair.trail for pair in reversed(pairs) if pair.node}


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
        leftover = row.reason is not None
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


# ---- one row


def _matched(pair: Pair, above: Row | None, found: FieldDiff | None, *, updates: bool, along: str) -> Row:
    """Without `updates` its fields are looked at for one thing alone: whether it is what the template says."""
    diff = found if updates else None
    left = found is not None and (found.differs is not Differs.NOT if updates else found.is_something)
    action = _MOVE if _moves(pair, above) else _UPDATE if diff and diff.changes else _KEEP
    return Row(
        action, pair.trail, pair.parent, pair.node, pair.live,
        before=pair.before, rule=pair.rule, diff=diff, differs=left, along=along,
    )  # fmt: skip


def _moves(pair: Pair, above: Row | None) -> bool:
    """Whether it gets another parent or name. One whose parent moves comes along."""
    if pair.live is None:
        return False
    now, parent = pair.live.parent_id, above.live.id if above and above.live else None
    is_root = now is None and above is None
    stays = is_root or (now is not None and parent is not None and now.int == parent.int)  # UUIDs are slow to compare
    return not stays or fold_spaces(pair.live.name) != pair.trail[-1]


def _unnamed(
    pair: Pair, places: _Places, want: Template, *, retire: bool, superseded: frozenset[int], along: str
) -> Row:
    trail, parent, _, live = pair[:4]
    name = fold_spaces(trail[-1])
    if live and live.id.int in superseded:
        action, reason = _LEFT_RUNNING, Reason.SUPERSEDED
    elif name in places:
        action, reason = _LEFT_RUNNING, Reason.ZOMBIE if places[name] else Reason.NOT_SPAWNING
    else:
        why = _whose(live, want)
        retired = Reason.RETIRED if retire and why is Whose.NO_LONGER_DECLARED else None
        return Row(_UNTOUCHED, trail, parent, None, live, retired, before=pair.before, along=along, why=why)
    return Row(
        action, trail, parent, None, live, reason, places.get(name),
        before=pair.before, along=along,
    )  # fmt: skip


def _whose(live: Live | None, want: Template) -> Whose:
    if live is None or not live.template:
        return Whose.BY_HAND
    return Whose.NO_LONGER_DECLARED if live.template in want.lineage else Whose.OTHER_TEMPLATE


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
    """The row as it goes. A matched one never does: the parent of a node is a node."""
    if row.reason:
        return Row(Action.REMOVE, *row[1:])  # as `_replace`, in a third of the time
    return row._replace(action=Action.COLLATERAL, reason=Reason.COLLATERAL)


def _held(row: Row, *, holder: Row) -> Row:
    return row._replace(action=Action.HELD, reason=row.reason or Reason.COLLATERAL, holder=holder.trail)
