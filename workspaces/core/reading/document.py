"""A template's text as plain data, with the file and line of each value."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, cast

from workspaces.core.problems import Mark, Path
from workspaces.core.reading.scalars import Scalar
from workspaces.errors import Problem, TemplateInvalid

Value: TypeAlias = "Scalar | list[Value] | dict[str, Value]"


class Lines(NamedTuple):
    """The place of one list or mapping: its file, its first line, and the line of each entry, in order.

    Kept small, because a template has one for each list and mapping.
    """

    file: str
    start: int
    entries: array[int]

    def of(self, owner: Value, key: str | int) -> int:
        """The line of the entry `key` of `owner`, which must have it."""
        return self.entries[key if isinstance(key, int) else list(cast(dict[str, Value], owner)).index(key)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """Plain data and the marks of its values.

    `marks` is keyed by the `id` of each list and mapping, which `data` keeps alive. One without a mark is all on the
    line of its key.
    """

    # Danger: never change `data`. Aliases share one object, and a new list or mapping has no mark.
    data: Value
    marks: dict[int, Lines]
    start: Mark

    def mark(self, path: Path) -> Mark:
        """File and line of the value at `path`, or of the nearest value above it that exists."""
        value, mark = self.data, self.start
        for key in path:
            lines = self.marks.get(id(value))
            child = _entry(value, key)
            if lines is None or child is _NOTHING:
                return mark
            mark = Mark(lines.file, lines.of(value, key))
            value = child  # type: ignore[assignment]
        return self._own_file(value, mark)

    def entry_mark(self, owner: Value, key: str | int, *, at: Mark) -> Mark:
        """The mark of the entry `key` of a list or mapping, which is in `data` at the mark `at`."""
        lines = self.marks.get(id(owner))
        if lines is None:
            return at
        return self._own_file(_entry(owner, key), Mark(lines.file, lines.of(owner, key)))

    def child(self, key: str) -> Document:
        """The value under `key` as a document of its own: paths start there, lines stay the same.

        Raises `TemplateInvalid` if there is none.
        """
        if not isinstance(self.data, dict) or key not in self.data:
            problem = Problem(message=f"`{key}` is missing", file=self.start.file, line=self.start.line)
            raise TemplateInvalid([problem])
        return Document(data=self.data[key], marks=self.marks, start=self.mark((key,)))

    def _own_file(self, value: object, mark: Mark) -> Mark:
        """The place inside the included file if the value came from one, else `mark`."""
        lines = self.marks.get(id(value))
        return Mark(lines.file, lines.start) if lines and lines.file != mark.file else mark


_NOTHING = object()


def _entry(value: Value, key: str | int) -> object:
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key, _NOTHING)
    if isinstance(value, list) and isinstance(key, int):
        return value[key] if key < len(value) else _NOTHING
    return _NOTHING
