"""The template laid over the live tree: every declared and every live workspace once, as the tree will be.

Depth first: of siblings the nodes come first, in template order, then the live rows that are no node, by name. What is
below a matched row and is no node stays below it, wherever that goes.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from workspaces.core.planning.match_sides import TOP, LiveRows
from workspaces.core.planning.matching import Match, Matching
from workspaces.core.planning.plan_rows import Live, Rule
from workspaces.core.template import Node


class Pair(NamedTuple):
    """One place of the merged tree: a declared node, a live row, or both where they match.

    `trail` are the names from the root, its own last, `before` those of the live row before the import; `parent` is the
    index of the pair above it.
    """

    trail: tuple[str, ...]
    parent: int | None
    node: Node | None
    live: Live | None
    rule: Rule | None = None
    before: tuple[str, ...] | None = None


# A pair to come: its parent's index, its name, the index of its node, its match, its live row.
_Pending = tuple[int | None, str, int | None, Match | None, Live | None]


def merged_tree(rows: LiveRows, matching: Matching) -> list[Pair]:
    """Lay the matched nodes over the live rows."""
    nodes, matches = matching.nodes, matching.matches
    children: defaultdict[int | None, list[int]] = defaultdict(list)
    for index, each in enumerate(nodes):
        children[each.parent].append(index)
    taken = {found.live.id.int for found in matches.values()}
    beside = {
        key: left
        for key, below in rows.below.items()
        if (left := {name: row for name, row in below.items() if row.id.int not in taken})
    }
    stays = all(found.rule is Rule.IN_PLACE for found in matches.values())  # then no path changes
    pairs: list[Pair] = []

    def pending(parent: int | None, below: list[int], live: Live | None) -> list[_Pending]:
        those: list[_Pending] = []
        for index in below:
            found = matches.get(index)
            those.append((parent, nodes[index].node.name, index, found, found.live if found else None))
        if live or parent is None:
            left = beside.pop(live.id.int if live else TOP, None)
            those += [(parent, name, None, None, left[name]) for name in sorted(left)] if left else []
        those.reverse()
        return those

    stack = pending(None, children[None], None)
    while stack or beside:
        if not stack:  # a database written by hand: rows without a live parent, then a cycle, are shown at the top
            stack = _detached(beside, rows)
        parent, name, place, found, live = stack.pop()
        trail = (name,) if parent is None else (*pairs[parent].trail, name)
        before = None if live is None else trail if stays else rows.trail(live)
        node, rule = None if place is None else nodes[place].node, found.rule if found else None
        pairs.append(Pair(trail, parent, node, live, rule, before))
        below = children.get(place, []) if place is not None else []
        if below or beside:
            stack += pending(len(pairs) - 1, below, live)
    return pairs


def _detached(beside: dict[int, dict[str, Live]], rows: LiveRows) -> list[_Pending]:
    lost = [key for key in beside if key not in rows.by_id]
    left = beside.pop(min(lost or beside))
    return [(None, name, None, None, left[name]) for name in sorted(left, reverse=True)]
