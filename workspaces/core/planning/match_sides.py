"""Both sides of a match: the spawning nodes of a template, and the live rows, by place and by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from workspaces.core.names import SEPARATOR, fold_spaces
from workspaces.core.planning.plan_rows import Live
from workspaces.core.template import Node, Template

MOST_LISTED = 5  # paths in a sentence
TOP = 0  # instead of a parent's number


class Declared(NamedTuple):
    """A spawning node; `parent` is the index of the one above it."""

    node: Node
    parent: int | None


class Nodes:
    """The spawning nodes of a template, depth first, in its order."""

    def __init__(self, want: Template) -> None:
        self.all: list[Declared] = []
        self.children: list[list[int]] = []
        self.roots: list[int] = []
        stack: list[tuple[int | None, Node]] = [(None, node) for node in reversed(want.workspaces)]
        while stack:
            parent, node = stack.pop()
            if node.spawning:
                index = len(self.all)
                self.all.append(Declared(node, parent))
                self.children.append([])
                (self.roots if parent is None else self.children[parent]).append(index)
                stack += [(index, child) for child in reversed(node.children)]

    def name(self, index: int) -> str:
        return self.all[index].node.name

    def path(self, index: int | None) -> str:
        names: list[str] = []
        while index is not None:
            names.append(self.name(index))
            index = self.all[index].parent
        return SEPARATOR.join(reversed(names))


class LiveRows:
    """All live rows, by their place and by their name. Rows are found by their numbers: UUIDs are slow to compare.

    A name that an older version stored with other spaces counts as the name it looks like, unless a sibling has that.
    """

    def __init__(self, have: Collection[Live]) -> None:
        self.by_id = {row.id.int: row for row in have}
        self.name: dict[int, str] = {}
        self.below: defaultdict[int, dict[str, Live]] = defaultdict(dict)
        odd: list[tuple[str, str, Live]] = []
        for key, row in self.by_id.items():
            name, parent = fold_spaces(row.name), row.parent_id
            if name == row.name:
                self.below[parent.int if parent else TOP][name] = row
                self.name[key] = name
            else:
                odd.append((row.name, name, row))
        for written, name, row in sorted(odd):
            beside = self.below[row.parent_id.int if row.parent_id else TOP]
            self.name[row.id.int] = known = written if name in beside else name
            beside[known] = row

    def at(self, path: Iterable[str]) -> Live | None:
        """The row at that path, before the import."""
        found: Live | None = None
        for name in path:
            found = self.below.get(found.id.int if found else TOP, {}).get(name)
            if found is None:
                return None
        return found

    def trail(self, row: Live | None) -> tuple[str, ...]:
        """The names from the root to the row; a cycle ends where it closes."""
        names: list[str] = []
        seen: set[int] = set()
        while row and row.id.int not in seen:
            seen.add(row.id.int)
            names.append(self.name[row.id.int])
            row = self.by_id.get(row.parent_id.int) if row.parent_id else None
        return tuple(reversed(names))

    def protected_or_above(self) -> set[int]:
        """The numbers of protected rows and of all rows above one."""
        holding: set[int] = set()
        for row in self.by_id.values():
            above: Live | None = row if row.protected else None
            while above and above.id.int not in holding:
                holding.add(above.id.int)
                above = self.by_id.get(above.parent_id.int) if above.parent_id else None
        return holding

    def listed(self, several: Sequence[Live]) -> str:
        """Their paths, for people."""
        return first_few(sorted(SEPARATOR.join(self.trail(row)) for row in several), len(several))


def first_few(paths: Iterable[str], number: int) -> str:
    """The first few of so many, as part of a sentence."""
    more = number - MOST_LISTED
    return ", ".join(islice(paths, MOST_LISTED)) + (f" and {more:,} more" if more > 0 else "")
