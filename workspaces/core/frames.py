"""The lists and mappings that are open while a text is read: the levels of the builder's stack."""

from __future__ import annotations

from abc import ABC, abstractmethod

from workspaces.core.document import Value


class Frame(ABC):
    """One open list or mapping, and what its finished entries cost together."""

    __slots__ = ("anchor", "height", "line", "size", "values")

    def __init__(self, line: int, anchor: str | None) -> None:
        self.line, self.anchor = line, anchor
        self.values, self.size, self.height = 1, 0, 0

    @property
    @abstractmethod
    def step(self) -> str | int:
        """The path's step to the value that comes next."""

    @abstractmethod
    def put(self, value: Value, line: int) -> None:
        """Take the next value."""

    @abstractmethod
    def finished(self) -> tuple[Value, dict[str, int] | list[int]]:
        """The list or mapping, and the line of each entry."""


class ListFrame(Frame):
    """An open list."""

    __slots__ = ("items", "lines")

    def __init__(self, line: int, anchor: str | None) -> None:
        super().__init__(line, anchor)
        self.items: list[Value] = []
        self.lines: list[int] = []

    @property
    def step(self) -> str | int:
        return len(self.items)

    def put(self, value: Value, line: int) -> None:
        self.items.append(value)
        self.lines.append(line)

    def finished(self) -> tuple[Value, list[int]]:
        return self.items, self.lines


class MappingFrame(Frame):
    """An open mapping. `key` waits for its value; where `refused`, that value is read and thrown away."""

    __slots__ = ("key", "key_line", "lines", "pairs", "refused")

    def __init__(self, line: int, anchor: str | None) -> None:
        super().__init__(line, anchor)
        self.pairs: dict[str, Value] = {}
        self.lines: dict[str, int] = {}
        self.key: str | None = None
        self.key_line, self.refused = 0, False

    @property
    def step(self) -> str | int:
        return self.key or ""

    def put(self, value: Value, line: int) -> None:
        if self.key is not None and not self.refused:
            self.pairs[self.key] = value
            self.lines[self.key] = self.key_line
        self.key, self.refused = None, False

    def finished(self) -> tuple[Value, dict[str, int]]:
        return self.pairs, self.lines
