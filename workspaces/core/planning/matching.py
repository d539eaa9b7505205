"""Step one of a plan: which live workspace is which declared node, decided for the whole tree before anything else.

One rule today, *in place*: a live row with the node's name below the row that the node's parent matched. Pure and
linear in the number of nodes and rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from workspaces.core.names import fold_spaces
from workspaces.core.planning.plan_values import Live
from workspaces.core.template import Node, Template


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
_NOBODY: _Alive = {}
_TOP = 0  # instead of a parent's number, as in the database's index


def match(have: Collection[Live], want: Template) -> list[Pair]:
    """The template laid over the live tree, depth first: nodes in template order, then the live rows beside them."""
    below = _children_by_parent(have)
    detached = sorted(below.keys() - {_TOP} - {row.id.int for row in have}, reverse=True)
    pairs: list[Pair] = []
    stack = _siblings(want.workspaces, below.pop(_TOP, _NOBODY), parent=None)
    while stack or below:
        if not stack:  # rows whose parent is not live, then those in a cycle: they are shown at the top
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
