"""Trees in order: depth first, each row with the index of its parent's row. Ancestors, sizes, pages."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True, slots=True)
class TreePage:
    """One page of `shown`, the rows of all pages: `rows` begin at its place `start`, with `context` before them.

    `context` are the ancestors of the first one. All are indices of the forest.
    """

    shown: Sequence[int]
    start: int
    rows: Sequence[int]
    context: Sequence[int]

    @property
    def indices(self) -> Sequence[int]:
        return [*self.context, *self.rows]

    @property
    def end(self) -> int:
        return self.start + len(self.rows)

    @property
    def rest(self) -> Sequence[int]:
        return self.shown[self.end :]


@dataclass(frozen=True)
class Forest(Generic[Row]):
    """Rows in depth-first order, and for each the index of its parent's row, None for a root."""

    rows: Sequence[Row]
    parents: Sequence[int | None]

    @classmethod
    def grown(
        cls, rows: Iterable[Row], *, key: Callable[[Row], Hashable], parent: Callable[[Row], Hashable]
    ) -> Forest[Row]:
        """A forest of rows in sibling order; one whose parent is not among them is a root."""
        below: dict[Hashable, list[Row]] = {}
        known = {key(row): row for row in rows}
        for row in known.values():
            below.setdefault(above if (above := parent(row)) in known else None, []).append(row)
        order: list[Row] = []
        parents: list[int | None] = []
        stack: list[tuple[Row, int | None]] = [(row, None) for row in reversed(below.get(None, []))]
        while stack:
            row, above_it = stack.pop()
            stack += [(child, len(order)) for child in reversed(below.get(key(row), []))]
            order.append(row)
            parents.append(above_it)
        return cls(order, parents)

    @cached_property
    def sizes(self) -> Sequence[int]:
        """How many rows stand below each."""
        counts = [0] * len(self.rows)
        for index in range(len(counts) - 1, 0, -1):
            parent = self.parents[index]
            if parent is not None:
                counts[parent] += 1 + counts[index]
        return counts

    @cached_property
    def roots(self) -> Sequence[int]:
        return [index for index, parent in enumerate(self.parents) if parent is None]

    def tree(self, root: int) -> range:
        """The row and all below it."""
        return range(root, root + 1 + self.sizes[root])

    def trails(self, name: Callable[[Row], str]) -> list[tuple[str, ...]]:
        """For each row the names from its root to itself."""
        found: list[tuple[str, ...]] = []
        for row, parent in zip(self.rows, self.parents, strict=True):
            found.append((name(row),) if parent is None else (*found[parent], name(row)))
        return found

    def with_ancestors(self, indices: Iterable[int]) -> list[int]:
        """These rows and all their ancestors, in order."""
        found: set[int] = set()
        for index in indices:
            above: int | None = index
            while above is not None and above not in found:
                found.add(above)
                above = self.parents[above]
        return sorted(found)

    def page(self, shown: Sequence[int], *, number: int, size: int) -> TreePage:
        """The page of that number, from 1 on: it begins with the ancestors of its first row."""
        start = (number - 1) * size
        rows = shown[start : start + size]
        context = sorted({*self.with_ancestors(rows[:1])}.difference(rows))
        return TreePage(shown=shown, start=start, rows=rows, context=context)
