"""The lists and mappings that are open while a text is read: the levels of the builder's stack.

Written for speed: there is one for each list and mapping of a template, and each scalar passes through one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from workspaces.core.reading.document import Value


class Frame(ABC):
    """One open list or mapping. `height` is the number of levels of its finished entries; `values` and `size` are the
    totals when it began; `awaits_key`: the mapping's next scalar is a key; `spread`: a part of it is on another line
    than its beginning."""

    __slots__ = ("anchor", "awaits_key", "height", "line", "lines", "size", "spread", "values")

    def __init__(self, line: int, anchor: str | None, *, values: int, size: int) -> None:
        self.line, self.anchor, self.values, self.size = line, anchor, values, size
        self.height, self.awaits_key, self.spread = 0, False, False
        self.lines: list[int] = []  # of each entry

    @property
    @abstractmethod
    def step(self) -> str | int:
        """The key or index of the next value, for its path."""

    @abstractmethod
    def put(self, value: Value, line: int) -> None:
        """Take the next value."""

    @property
    @abstractmethod
    def value(self) -> Value:
        """The list or mapping."""


class ListFrame(Frame):
    """An open list."""

    __slots__ = ("items",)

    def __init__(self, line: int, anchor: str | None, *, values: int, size: int) -> None:
        super().__init__(line, anchor, values=values, size=size)
        self.items: list[Value] = []

    @property
    def step(self) -> str | int:
        return len(self.items)

    def put(self, value: Value, line: int) -> None:
        self.items.append(value)
        self.lines.append(line)
        if line != self.line:
            self.spread = True

    @property
    def value(self) -> Value:
        return self.items


class MappingFrame(Frame):
    """An open mapping. `key` waits for its value unless `awaits_key`; if `refused`, the value is read and dropped.

    `merge_line` is the line of its merge key, 0 if it has none; `merged` is that key's value, stored while `merging`.
    """

    __slots__ = ("key", "key_line", "merge_line", "merged", "merging", "pairs", "refused")

    def __init__(self, line: int, anchor: str | None, *, values: int, size: int) -> None:
        super().__init__(line, anchor, values=values, size=size)
        self.pairs: dict[str, Value] = {}
        self.key, self.key_line, self.refused = "", 0, False
        self.merge_line, self.merging = 0, False
        self.merged: Value = None
        self.awaits_key = True

    @property
    def step(self) -> str | int:
        return "" if self.awaits_key else self.key

    def put(self, value: Value, line: int) -> None:
        if not self.refused:
            self.pairs[self.key] = value
            self.lines.append(self.key_line)
            if self.key_line != self.line:
                self.spread = True
        elif self.merging:
            self.merged, self.merging = value, False
        self.refused, self.awaits_key = False, True

    def merge(self, source: Mapping[str, Value], lines: Iterable[int]) -> None:
        """Add the keys of `source` that the mapping lacks, each with its line."""
        for (key, value), line in zip(source.items(), lines, strict=False):
            if key not in self.pairs:
                self.pairs[key] = value
                self.lines.append(line)

    @property
    def value(self) -> Value:
        return self.pairs
