"""Events → plain data: one explicit stack, with every limit checked at each event.

An alias counts as all it expands to, in values, bytes and depth, although it shares one object in memory: so "billion
laughs" stops at the line that exceeds a limit.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import repeat
from typing import cast

from workspaces.core.limits import OF_BYTES, OF_DEPTH, OF_NODES, TemplateLimits
from workspaces.core.names import clean_text
from workspaces.core.problems import Broken, Mark, Path, Problems, format_path, too_large
from workspaces.core.reading.document import Lines, Value
from workspaces.core.reading.frames import Frame, ListFrame, MappingFrame
from workspaces.core.reading.parse_events import Event, ParseKind
from workspaces.core.reading.scalars import resolve
from workspaces.errors import TemplateTooLarge

INCLUDE = "!include"
MERGE = "<<"


@dataclass(kw_only=True, slots=True)
class ReadingState:
    """The state that all files of one template share while they are read: limits, marks, problems, running totals."""

    limits: TemplateLimits
    problems: Problems
    marks: dict[int, Lines] = field(default_factory=dict)
    values: int = 0
    size: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """A finished value with its cost, aliases expanded: values, bytes of text, levels of nesting."""

    value: Value
    values: int = 1
    size: int = 0
    height: int = 0
    text: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """An `!include`: the path as written, its place, and the number of open levels around it."""

    text: str
    file: str
    line: int
    path: Path
    depth: int


Include = Callable[[Reference], Built]


class Builder:
    """Builds the value of one file. `base` and `depth` are its place in the whole document."""

    def __init__(self, reading: ReadingState, *, file: str, base: Path, depth: int, include: Include) -> None:
        self._reading = reading
        self._max_values, self._max_size = reading.limits.max_values, reading.limits.max_expanded_bytes
        self._max_nesting = reading.limits.max_nesting
        self._file, self._base, self._depth = file, base, depth
        self._include = include
        self._anchors: dict[str, Built | None] = {}
        self._keys: dict[str, int] = {}  # checked keys, and their sizes in bytes
        self._root = ListFrame(1, None, values=reading.values, size=reading.size)
        self._stack: list[Frame] = [self._root]
        self._top: Frame = self._root

    def build(self, events: Iterable[Event]) -> Built:
        """The value of the whole file. Raises `Broken` or `TemplateTooLarge`; other problems are collected."""
        scalar, end, alias = ParseKind.SCALAR, ParseKind.END, ParseKind.ALIAS
        for kind, line, text, plain, anchor, tag in events:
            if tag:
                self._tagged(kind, line, text, anchor, tag)
            elif kind is scalar:
                self._scalar(line, text, plain, anchor)
            elif kind is end:
                self._close()
            elif kind is alias:
                self._alias(line, anchor or "")
            else:
                self._open(kind, line, anchor)
        root = self._root
        return self._built(root.items[0], root, height=root.height - 1)

    @property
    def start(self) -> int:
        """The line on which the built value begins."""
        return self._root.lines[0]

    def _scalar(self, line: int, text: str, plain: bool, anchor: str | None) -> None:
        top = self._top
        value: Value = text
        if top.awaits_key:
            self._key(text, line, plain=plain)
        else:
            value = self._resolved(text, line, plain=plain)
            self._spend(1, len(text) if text.isascii() else _size(text), line)
            top.put(value, line)
        if anchor:
            self._anchors[anchor] = Built(value=value, size=_size(text), text=text)

    def _resolved(self, text: str, line: int, *, plain: bool) -> Value:
        try:
            value = resolve(text) if plain else clean_text(text)
        except ValueError as error:
            self._problem(str(error), line)
            return None
        if value is None and self._top is self._root:
            raise self._broken("the document is empty", line)
        return value

    def _key(self, text: str, line: int, *, plain: bool) -> None:
        """Take a key; the top is a mapping that awaits one. Keys are interned: every workspace has the same few."""
        owner, key = cast(MappingFrame, self._top), sys.intern(text)
        owner.key, owner.key_line, owner.awaits_key = key, line, False
        size = self._keys.get(key)
        if size is not None and key not in owner.pairs:
            self._spend(0, size, line)
            return
        self._spend(0, _size(key), line)
        if fault := _key_fault(owner, key, plain=plain):
            owner.refused = True
            self._problem(fault, line)
        elif key != MERGE:
            self._keys[key] = _size(key)
        elif plain:
            owner.refused, owner.merging, owner.merge_line = True, True, line

    def _open(self, kind: ParseKind, line: int, anchor: str | None) -> None:
        self._refuse_as_key(line)
        self._check_depth(1, line)
        reading, made = self._reading, MappingFrame if kind is ParseKind.MAPPING else ListFrame
        frame = made(line, anchor, values=reading.values, size=reading.size)
        self._spend(1, 0, line)
        if anchor:
            self._anchors[anchor] = None
        self._top = frame
        self._stack.append(self._top)

    def _close(self) -> None:
        frame = self._top
        if isinstance(frame, MappingFrame) and frame.merge_line:
            self._merge(frame)
        self._stack.pop()
        self._top = self._stack[-1]
        value = frame.value
        self._mark(value, frame)
        if frame.anchor:
            self._anchors[frame.anchor] = self._built(value, frame, height=frame.height + 1)
        self._add(value, frame.line, height=frame.height + 1)

    def _merge(self, frame: MappingFrame) -> None:
        """Add the pairs of the merge key (https://yaml.org/type/merge.html); their cost was counted when it was read.

        The mapping's own keys win, then those of an earlier source. Each keeps the line on which it was written.
        """
        sources = frame.merged if isinstance(frame.merged, list) else [frame.merged]
        frame.key, frame.spread = MERGE, True
        for source in sources:
            if not isinstance(source, dict):
                frame.awaits_key = False
                self._problem("a merge key takes a mapping, or a list of mappings", frame.merge_line)
                return
            frame.merge(source, self._lines(source, frame.merge_line))

    def _lines(self, source: dict[str, Value], line: int) -> Iterable[int]:
        """The line of each key of `source`; if it is in another file or unknown, `line`, where it is merged."""
        lines = self._reading.marks.get(id(source))
        return lines.entries if lines and lines.file == self._file else repeat(line)

    def _mark(self, value: Value, frame: Frame) -> None:
        """Store the lines of a list or mapping, unless all of it is on its key's line: most are, and cost nothing."""
        top = self._top
        begins = top.key_line if isinstance(top, MappingFrame) else frame.line
        if frame.spread or frame.anchor or begins != frame.line or top is self._root:
            self._reading.marks[id(value)] = Lines(self._file, frame.line, array("I", frame.lines))
            top.spread = True
        else:
            self._reading.marks.pop(id(value), None)  # a stale mark: `id` is reused after a value was freed

    def _built(self, value: Value, frame: Frame, *, height: int) -> Built:
        """The finished value of `frame`, with the cost since it began."""
        values, size = self._reading.values - frame.values, self._reading.size - frame.size
        return Built(value=value, values=values, size=size, height=height)

    def _alias(self, line: int, name: str) -> None:
        built = self._anchors.get(name)
        if built is None:
            known = "stands for something that contains itself" if name in self._anchors else "has no anchor before it"
            raise self._broken(f"the alias *{name} {known}", line)
        if self._top.awaits_key and built.text is not None:
            self._key(built.text, line, plain=False)
        else:
            self._refuse_as_key(line)
            self._graft(built, line)

    def _tagged(self, kind: ParseKind, line: int, text: str, anchor: str | None, tag: str) -> None:
        if kind is not ParseKind.SCALAR or tag != INCLUDE:
            written = tag.replace("tag:yaml.org,2002:", "!!")
            raise self._broken(f"the tag {written} is not read; only {INCLUDE} with a file's name is", line)
        self._refuse_as_key(line)
        depth = self._depth + len(self._stack) - 1
        reference = Reference(text=text, file=self._file, line=line, path=self._path(), depth=depth)
        built = self._include(reference)
        self._put_foreign(built, line)
        if anchor:
            self._anchors[anchor] = built

    def _graft(self, built: Built, line: int) -> None:
        self._check_depth(built.height, line)
        self._spend(built.values, built.size, line)
        self._put_foreign(built, line)

    def _put_foreign(self, built: Built, line: int) -> None:
        """Add a value that was written at another place."""
        self._top.spread = True
        self._add(built.value, line, height=built.height)

    def _add(self, value: Value, line: int, *, height: int) -> None:
        top = self._top
        if height > top.height:
            top.height = height
        top.put(value, line)

    def _spend(self, values: int, size: int, line: int) -> None:
        reading = self._reading
        reading.values += values
        reading.size += size
        if reading.values > self._max_values:
            message = f"more than {self._max_values:,} values, aliases counted by what they stand for {OF_NODES}"
            raise self._too_large(message, line)
        if reading.size > self._max_size:
            message = f"more than {self._max_size:,} bytes of text, aliases counted by what they stand for {OF_BYTES}"
            raise self._too_large(message, line)

    def _check_depth(self, height: int, line: int) -> None:
        if self._depth + len(self._stack) - 1 + height > self._max_nesting:
            message = f"the nesting depth of lists and mappings is more than {self._max_nesting} {OF_DEPTH}"
            raise self._too_large(message, line)

    def _refuse_as_key(self, line: int) -> None:
        if self._top.awaits_key:
            raise self._broken("a key must be plain text", line)

    def _path(self) -> Path:
        return (*self._base, *(frame.step for frame in self._stack[1:]))

    def _problem(self, message: str, line: int) -> None:
        if self._reading.problems.full:
            self._reading.problems.more += 1
        else:
            self._reading.problems.add(message, self._path(), lambda _: Mark(self._file, line))

    def _broken(self, message: str, line: int) -> Broken:
        path = format_path(self._reading.problems.shown(self._path()))
        return Broken(message, file=self._file, line=line, path=path)

    def _too_large(self, message: str, line: int) -> TemplateTooLarge:
        return too_large(message, self._reading.problems.shown(self._path()), Mark(self._file, line))


def _key_fault(owner: MappingFrame, key: str, *, plain: bool) -> str:
    """The reason why `owner` cannot take the key, "" if it can."""
    if plain and key == MERGE:
        return f"the key stands here twice; write one with a list: {MERGE}: [*a, *b]" if owner.merge_line else ""
    if key in owner.pairs:
        return f"the key stands here twice, first on line {owner.lines[list(owner.pairs).index(key)]}"
    try:
        clean_text(key)
    except ValueError as error:
        return str(error)
    return ""


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
