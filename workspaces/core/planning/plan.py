"""The plan of an import or a removal, decided here and nowhere else.

An import: live rows + template + mode → `Plan`, in two pure steps: `match` pairs nodes with live rows, `merge` and
`reconcile` give each its action and cause. A third one, `policy.judge`, then says what the plan asks of its caller.
Preview shows the plan, apply carries out its operations, and the fingerprint ties the two together.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from workspaces.core.names import fold_spaces
from workspaces.core.planning.plan_values import IMPORT_MODES, Action, Live, Mode, Plan, Reason, Row
from workspaces.core.template import Node, Template
from workspaces.errors import UnknownMode


def parse_mode(text: str | None) -> Mode:
    """The mode of an import that a caller named; nothing and "" mean merge. Raises UnknownMode."""
    wanted = text or Mode.MERGE
    if wanted not in IMPORT_MODES:
        raise UnknownMode(f'Unknown mode "{text}"; use merge or reconcile.')
    return Mode(wanted)


def plan_import(*, have: Collection[Live], want: Template, mode: Mode, last_run: UUID | None = None) -> Plan:
    """Decide the effect of importing `want` over `have` (all live rows of one organization). Pure and stable.

    `last_run` is the organization's last run that changed something.
    """
    return Comparison(have=have, want=want, last_run=last_run).plan(mode)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A template beside all live rows of one organization: the part that both modes share is made once."""

    have: Collection[Live]
    want: Template
    last_run: UUID | None = None

    def plan(self, mode: Mode) -> Plan:
        """The plan of an import in this mode, `merge` or `reconcile`."""
        rows, warnings = self._merged, self.want.warnings
        if mode is Mode.RECONCILE:
            warning = empty_set_warning(self.want, rows)
            rows = rows if warning else reconcile(rows)
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
        return merge(match(self.have, self.want), self.want)

    @cached_property
    def _seen(self) -> str:
        # The fields of PLANNED; numbers, because UUIDs would be compared in Python.
        rows = sorted((row.id.int, row.parent_id and row.parent_id.int, row.name, row.protected) for row in self.have)
        return hashlib.sha256(repr(rows).encode(errors="surrogatepass")).hexdigest()


# ---- Step one of a plan: which live workspace is which declared node, decided for the whole tree before anything else.
#
# One rule today, *in place*: a live row with the node's name below the row that the node's parent matched. Pure and
# linear in the number of nodes and rows.


class Pair(NamedTuple):
    """One place of the merged tree: a declared node, a live row, or both where they match.

    `trail` are the names from the root, its own last; `parent` is the index of the pair above it.
    """

    trail: tuple[str, ...]
    parent: int | None
    node: Node | None
    live: Live | None


# A pair to come: its parent's index, its name, the node, the live row.
_Pending = tuple[int | None, str, Node | None, Live | None]

# Live rows by name; rows are found by their ids' numbers, as UUIDs themselves would be compared in Python.
_Alive = dict[str, Live]
_NOBODY: _Alive = {}  # stays empty: a row of it would be taken out before it could be put in
_TOP = 0  # instead of a parent's number


def match(have: Collection[Live], want: Template) -> list[Pair]:
    """The template laid over the live tree, depth first: nodes in template order, then the live rows beside them."""
    below = _children_by_parent(have)
    detached = sorted(below.keys() - {_TOP} - {row.id.int for row in have}, reverse=True)
    pairs: list[Pair] = []
    stack = _siblings(want.workspaces, below.pop(_TOP, _NOBODY), parent=None)
    while stack or below:
        if not stack:  # a database written by hand: rows without a live parent, then a cycle, are shown at the top
            stack = _siblings((), below.pop(detached.pop() if detached else min(below)), parent=None)
        parent, name, node, live = stack.pop()
        declared = node.children if node else ()
        alive = below.pop(live.id.int, _NOBODY) if live else _NOBODY
        if declared or alive:
            stack += _siblings(declared, alive, parent=len(pairs))
        pairs.append(Pair((name,) if parent is None else (*pairs[parent].trail, name), parent, node, live))
    return pairs


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
    """Each spawning node takes the live row of its name; the rest of `alive` follows. In reverse, for a stack."""
    pending: list[_Pending] = [
        (parent, each.name, each, alive.pop(each.name, None)) for each in declared if each.spawning
    ]
    pending += [(parent, name, None, alive[name]) for name in sorted(alive)]
    pending.reverse()
    return pending


# ---- Step two of a plan: what happens to each matched pair, each unmatched node and each unmatched row, and its cause.


_CREATE, _KEEP, _UNTOUCHED, _LEFT_RUNNING = Action.CREATE, Action.KEEP, Action.UNTOUCHED, Action.LEFT_RUNNING


def merge(pairs: Sequence[Pair], want: Template) -> list[Row]:
    """Create what has no match, keep what has one. A live row without a node stays: untouched, or left running if the
    template has its name at another place."""
    places: dict[str, tuple[str, ...] | None] = dict.fromkeys(want.names_asleep())
    places |= {pair.trail[-1]: pair.trail for pair in reversed(pairs) if pair.node}  # of equal names the first stays
    return [_row(pair, places) for pair in pairs]


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


def _row(pair: Pair, places: Mapping[str, tuple[str, ...] | None]) -> Row:
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
    """The row as it goes. A kept one never does: the parent of a node is a node."""
    if row.reason:
        return Row(Action.REMOVE, *row[1:])  # as `_replace`, in a third of the time
    return row._replace(action=Action.COLLATERAL, reason=Reason.COLLATERAL)


def _held(row: Row, *, holder: Row) -> Row:
    return row._replace(action=Action.HELD, reason=row.reason or Reason.COLLATERAL, holder=holder.trail)


# ---- The plan of a direct removal: chosen workspaces of one organization with everything live below them.


_REMOVE, _CHOSEN, _BELOW = Action.REMOVE, Reason.CHOSEN, Reason.BELOW
NO_TEMPLATE = Template(name="", workspaces=())


def plan_removal(
    *, have: Collection[Live], chosen: Collection[UUID], above: Mapping[UUID, tuple[str, ...]] | None = None
) -> Plan:
    """Remove all of `have`, which are the live ones among `chosen` and all live ones below. Pure and stable.

    `above` has the names above each topmost one, root first; if missing, trails begin with the topmost.
    """
    below: defaultdict[int, list[Live]] = defaultdict(list)
    ids, named = {row.id.int for row in have}, {key.int for key in chosen}
    for row in have:
        parent_id = row.parent_id.int if row.parent_id else _TOP
        below[parent_id if parent_id in ids else _TOP].append(row)
    rows: list[Row] = []
    stack: list[tuple[int | None, Live]] = [(None, row) for row in _last_first(below.pop(_TOP, []))]
    while stack or below:
        if not stack:  # rows in a cycle have no topmost one
            stack = [(None, row) for row in _last_first(below.pop(min(below)))]
        parent, live = stack.pop()
        trail = rows[parent].trail if parent is not None else (above or {}).get(live.id, ())
        reason = _CHOSEN if live.id.int in named else _BELOW
        if children := below.pop(live.id.int, None):
            stack += [(len(rows), row) for row in _last_first(children)]
        rows.append(Row(_REMOVE, (*trail, live.name), parent, None, live, reason))
    fingerprint = fingerprint_of(row.id for row in have)
    return Plan(mode=Mode.REMOVE, template=NO_TEMPLATE, rows=tuple(rows), warnings=(), fingerprint=fingerprint)


def fingerprint_of(ids: Iterable[UUID]) -> str:
    """SHA-256 (hex) of what goes: the same text, the same workspaces."""
    return hashlib.sha256(b"".join(sorted(key.bytes for key in ids))).hexdigest()


def _last_first(rows: list[Live]) -> list[Live]:
    return sorted(rows, key=attrgetter("name", "id"), reverse=True)
