"""Matching once more, word by word after its rules and at no care for time, to compare the real one with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workspaces.core.planning.plan_rows import Live, Rule
from workspaces.core.template import Node, Template

Found = dict[int, tuple[Live, Rule]]


class NaiveMatch:
    """`nodes` are the spawning ones in template order, each with the index of its parent."""

    def __init__(self, have: Sequence[Live], want: Template) -> None:
        self.have, self.want = have, want
        self.nodes = list(_spawning(want.workspaces, None, []))
        self.found: Found = {}
        self.made: set[int] = set()
        self.superseded: set[Live] = set()

    def run(self, *, moves: bool, oldest: bool) -> Found:
        self.in_place()
        if oldest:
            self.older()
        while moves and (self.moved_below_matched() or self.moved_below_created()):
            pass
        return self.found

    def in_place(self) -> None:
        for index, (node, parent) in enumerate(self.nodes):
            if index in self.found or (parent is not None and parent not in self.found):
                continue
            above = None if parent is None else self.found[parent][0].id
            for row in self.free(node.name):
                if row.parent_id == above:
                    self.found[index] = (row, Rule.IN_PLACE)

    def older(self) -> None:
        holding = {row.id for row in self.have if any(each.protected for each in self.below(row))}
        names = [node.name for node in self.want.walk()]
        for index, (young, _) in sorted(self.found.items()):
            name = self.nodes[index][0].name
            others = [row for row in self.free(name) if row.id not in holding]
            if names.count(name) != 1 or len(others) != 1 or young.id in holding:
                continue
            if others[0].made < young.made:
                self.superseded.add(young)
                self.found[index] = (others[0], Rule.OLDER)
        self.in_place()

    def moved_below_matched(self) -> bool:
        return sum([self.look(rule, level=0) for rule in (Rule.PREVIOUSLY, Rule.MOVED)]) > 0

    def moved_below_created(self) -> bool:
        for level in range(1, len(self.nodes)):
            if any(self.look(rule, level=level) for rule in (Rule.PREVIOUSLY, Rule.MOVED)):
                return True
        return False

    def look(self, rule: Rule, *, level: int) -> bool:
        """Whether the rule finds something for a node so many created ones below a matched one."""
        any_found = False
        for index in range(len(self.nodes)):
            row = self.answer(rule, index)
            if row and len(self.created_above(index)) == level:
                self.made.update(self.created_above(index))
                self.found[index] = (row, rule)
                self.in_place()
                any_found = True
                if level:
                    return True
        return any_found

    def answer(self, rule: Rule, index: int) -> Live | None:
        if index in self.found or index in self.made:
            return None
        if rule is Rule.PREVIOUSLY:
            row = self.meant(index)
            others = (other for other in range(len(self.nodes)) if other != index and other not in self.found)
            return None if row is None or any(self.meant(other) is row for other in others) else row
        name = self.nodes[index][0].name
        left = [each for each in range(len(self.nodes)) if each not in self.found and self.nodes[each][0].name == name]
        rows = self.free(name)
        return rows[0] if len(left) == len(rows) == 1 else None

    def meant(self, index: int) -> Live | None:
        rows: set[Live] = set()
        for entry in self.nodes[index][0].previously:
            rows |= {row for row in self.free() if (row.name if isinstance(entry, str) else self.path(row)) == entry}
        return rows.pop() if len(rows) == 1 else None

    def created_above(self, index: int) -> list[int]:
        parent = self.nodes[index][1]
        return [] if parent is None or parent in self.found else [parent, *self.created_above(parent)]

    def free(self, name: str | None = None) -> list[Live]:
        taken = {row.id for row, _ in self.found.values()}
        return [row for row in self.have if row.id not in taken and name in (None, row.name)]

    def below(self, top: Live) -> list[Live]:
        return [top, *(row for each in self.have if each.parent_id == top.id for row in self.below(each))]

    def path(self, row: Live) -> tuple[str, ...]:
        above = [each for each in self.have if each.id == row.parent_id]
        return (*(self.path(above[0]) if above else ()), row.name)


def _spawning(nodes: Sequence[Node], parent: int | None, before: list[Node]) -> Iterator[tuple[Node, int | None]]:
    for node in nodes:
        if node.spawning:
            index = len(before)
            before.append(node)
            yield node, parent
            yield from _spawning(node.children, index, before)
