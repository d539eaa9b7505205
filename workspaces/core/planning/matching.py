"""Step one of a plan: which live workspace is which declared node, decided for the whole tree before anything else.

Four rules. *In place*, from the top: a live row with the node's name below the row that the node's parent matched.
*Older*, where it is asked for: the one older namesake takes the place. *Previously*: the row that the node says it was.
*Moved*: the name is left over exactly once on both sides. Whatever is ambiguous is never guessed.

A node is looked at only when its parent is settled, so no rule can put two siblings of one name side by side. All costs
are linear in the number of nodes and rows, for trees of bounded depth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

from workspaces.core.planning.claims import Claims
from workspaces.core.planning.match_sides import TOP, Declared, LiveRows, Nodes, first_few
from workspaces.core.planning.plan_rows import Live, Rule
from workspaces.core.template import Template


class Match(NamedTuple):
    live: Live
    rule: Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Matching:
    """`nodes` are the spawning ones, parents first; `matches` has the live row of a node by its index. `superseded` are
    the numbers of rows that an older namesake replaces."""

    nodes: Sequence[Declared]
    matches: Mapping[int, Match]
    superseded: frozenset[int]
    warnings: tuple[str, ...]


def match(rows: LiveRows, want: Template, *, moves: bool = True, prefer_oldest: bool = False) -> Matching:
    """Match the template with all live rows of one organization. Pure and stable."""
    search = _Search(Nodes(want), rows)
    search.match_in_place()
    search.list_what_is_left()
    if prefer_oldest:
        search.prefer_older(want)
    if moves:
        search.follow_moves()
    return Matching(
        nodes=search.nodes.all,
        matches=search.found,
        superseded=frozenset(search.superseded),
        warnings=tuple(search.doubts() if moves else search.ignored()),
    )


_BOTH, _MOVED_ALONE = (Rule.PREVIOUSLY, Rule.MOVED), (Rule.MOVED,)


class _Search:
    """The matches found so far, and what is left on both sides."""

    def __init__(self, nodes: Nodes, rows: LiveRows) -> None:
        self.nodes, self.rows = nodes, rows
        self.found: dict[int, Match] = {}
        self.superseded: set[int] = set()
        self._taken: set[int] = set()  # rows
        self._made: set[int] = set()  # nodes that will be created: something below them was found
        self._free: defaultdict[str, dict[int, Live]] = defaultdict(dict)
        self._open: defaultdict[str, set[int]] = defaultdict(set)
        self._due = _Due()
        self._following = False

    # ---- in place

    def match_in_place(self) -> None:
        """All that stands where it is declared: nearly everything, so this is quick."""
        below, all_nodes, children = self.rows.below, self.nodes.all, self.nodes.children
        stack = [(index, TOP) for index in self.nodes.roots]
        while stack:
            index, above = stack.pop()
            if (row := below[above].get(all_nodes[index].node.name)) is not None:
                key = row.id.int
                self.found[index] = Match(row, Rule.IN_PLACE)
                self._taken.add(key)
                if children[index]:
                    stack += [(child, key) for child in children[index]]

    def list_what_is_left(self) -> None:
        """Both sides by name."""
        for key, name in self.rows.name.items():
            if key not in self._taken:
                self._free[name][key] = self.rows.by_id[key]
        for index in range(len(self.nodes.all)):
            if index not in self.found:
                self._open[self.nodes.name(index)].add(index)
        self._claims = Claims(self)

    def _settle(self, indices: Iterable[int], parent: int) -> None:
        """Match nodes with the rows of their names below the row of their parent, and so on downwards."""
        stack = [(index, parent) for index in indices]
        while stack:
            index, above = stack.pop()
            row = self.rows.below[above].get(self.nodes.name(index)) if index not in self.found else None
            if row and row.id.int not in self._taken:
                self._take(index, row, Rule.IN_PLACE)
                stack += [(child, row.id.int) for child in self.nodes.children[index]]

    # ---- the older one

    def prefer_older(self, want: Template) -> None:
        """Give a place to the one other row that has the name and is older: once, for what is in place."""
        declared: defaultdict[str, int] = defaultdict(int)
        for node in want.walk():
            declared[node.name] += 1
        holding, taken = self.rows.protected_or_above(), []
        for index in sorted(self.found):
            young, name = self.found[index].live, self.nodes.name(index)
            if declared[name] != 1 or young.id.int in holding:
                continue
            others = [row for key, row in self.free(name).items() if key not in holding]
            if len(others) == 1 and others[0].made < young.made:
                self._give_back(index)
                self.superseded.add(young.id.int)
                self._take(index, others[0], Rule.OLDER)
                taken.append(index)
        for index in taken:
            self._settle(self.nodes.children[index], self.found[index].live.id.int)

    # ---- previously, and moved

    def follow_moves(self) -> None:
        """Below what is matched, until nothing more is found; then one below what will be created, and again."""
        self._following = True
        if any(self._open.values()):
            self._reach(self.nodes.roots, level=0)
        while self._sweep(Rule.PREVIOUSLY) | self._sweep(Rule.MOVED) or self._find_below_created():
            pass

    def _sweep(self, rule: Rule) -> bool:
        """All that the rule finds below what is matched, in template order. A find may bring more, further on."""
        last, earlier, any_found = -1, [], False
        while (index := self._due.next(rule, 0)) is not None:
            if index <= last:
                earlier.append(index)
            elif self._follow(index, rule):
                last, any_found = index, True
        for index in earlier:
            self._due.add(index, rule, 0)
        return any_found

    def _find_below_created(self) -> bool:
        """The first find below what will be created, on the highest level that has one."""
        for level in self._due.levels():
            for rule in _BOTH:
                while (index := self._due.next(rule, level)) is not None:
                    if self._level(index) == level and self._follow(index, rule):
                        self._made.update(self._open_above(index))
                        return True
        return False

    def _follow(self, index: int, rule: Rule) -> bool:
        row = self._answer(index, rule)
        if row is None or index in self.found or index in self._made:
            return False
        self._take(index, row, rule)
        self._settle(self.nodes.children[index], row.id.int)
        self._reach(self.nodes.children[index], level=0)
        return True

    def _answer(self, index: int, rule: Rule) -> Live | None:
        """The row that the rule gives to the node, if it is one."""
        if rule is Rule.PREVIOUSLY:
            return self._claims.granted(index)
        name = self.nodes.all[index].node.name
        rows = self._free.get(name)
        return next(iter(rows.values())) if rows and len(rows) == len(self._open[name]) == 1 else None

    def _reach(self, indices: Sequence[int], *, level: int) -> None:
        """Have nodes looked at that stand so many open ones below a matched one, and all below them."""
        stack = [(index, level) for index in indices]
        while stack:
            index, depth = stack.pop()
            if index in self.found:
                depth = -1
            elif index not in self._made:
                self._look_at(index, depth)
            stack += [(child, depth + 1) for child in self.nodes.children[index]]

    def _look_at(self, index: int, level: int) -> None:
        for rule in _BOTH if self.nodes.all[index].node.previously else _MOVED_ALONE:
            if self._answer(index, rule):
                self._due.add(index, rule, level)

    def _level(self, index: int) -> int:
        return len(self._open_above(index))

    def _open_above(self, index: int) -> list[int]:
        above: list[int] = []
        parent = self.nodes.all[index].parent
        while parent is not None and parent not in self.found:
            above.append(parent)
            parent = self.nodes.all[parent].parent
        return above

    # ---- what is left on both sides

    def free(self, name: str) -> Mapping[int, Live]:
        return self._free.get(name, {})

    def is_unmatched(self, index: int) -> bool:
        return index not in self.found

    def is_open(self, index: int) -> bool:
        return index not in self.found and index not in self._made

    def _take(self, index: int, row: Live, rule: Rule) -> None:
        self.found[index] = Match(row, rule)
        self._taken.add(row.id.int)
        name, other = self.nodes.name(index), self.rows.name[row.id.int]
        self._open[name].discard(index)
        del self._free[other][row.id.int]
        if self._following:
            for left in {name, other}:
                self._notice(left)
            self._claims.taken(index, row)

    def _give_back(self, index: int) -> None:
        row = self.found.pop(index).live
        self._taken.discard(row.id.int)
        self._open[self.nodes.name(index)].add(index)
        self._free[self.rows.name[row.id.int]][row.id.int] = row

    def _notice(self, name: str) -> None:
        """One is left on both sides: it may have moved."""
        if len(self._open[name]) == len(self._free[name]) == 1:
            self.look_again(next(iter(self._open[name])), Rule.MOVED)

    def look_again(self, index: int, rule: Rule) -> None:
        if self.is_open(index):
            self._due.add(index, rule, self._level(index))

    def look_again_at_claim(self, index: int) -> None:
        self.look_again(index, Rule.PREVIOUSLY)

    # ---- what people are told

    def doubts(self) -> Iterator[str]:
        """A sentence for each name that is left over several times, and for each `previously` that is no help."""
        left: defaultdict[str, list[int]] = defaultdict(list)
        for index in range(len(self.nodes.all)):
            if index not in self.found:
                left[self.nodes.name(index)].append(index)
        yield from self._claims.doubts(index for indices in left.values() for index in indices)
        yield from self._claims.not_followed(each for each in self.found if self.found[each].rule is Rule.IN_PLACE)
        for name, indices in left.items():
            rows, nodes = list(self._free[name].values()), first_few(map(self.nodes.path, indices), len(indices))
            if len(rows) > 1:
                number = "two" if len(rows) == 2 else f"{len(rows):,}"
                yield f"{nodes}: {number} could be meant: {self.rows.listed(rows)}; name one with `previously`"
            elif rows and len(indices) > 1:
                yield f"{self.rows.listed(rows)} could be any of {nodes}; say which with `previously`"

    def ignored(self) -> Iterator[str]:
        """With `moves: false`. One that stands at its place needs no help any more, and where no row is meant there is
        none."""
        left = filter(self.is_unmatched, range(len(self.nodes.all)))
        named = [index for index in left if self._claims.means_any(index)]
        if named:
            places = first_few(map(self.nodes.path, named), len(named))
            yield f"`previously` is ignored, because moves are off: {places}"


class _Due:
    """Nodes to look at, by rule and level, in template order. One may be there for nothing: its turn shows it."""

    def __init__(self) -> None:
        self._heaps: dict[tuple[int, Rule], list[int]] = {}

    def add(self, index: int, rule: Rule, level: int) -> None:
        heappush(self._heaps.setdefault((level, rule), []), index)

    def next(self, rule: Rule, level: int) -> int | None:
        heap = self._heaps.get((level, rule))
        return heappop(heap) if heap else None

    def levels(self) -> list[int]:
        return sorted({level for (level, _), heap in self._heaps.items() if level and heap})
