"""Bytes, a directory or a zip → a `Document`: plain data within the limits, with file and line of every value.

This checks the text only; `validating` checks what it means. Faults that do not stop the reading are collected, and
raised at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

from lib.text import clip
from workspaces.core.limits import OF_BYTES, OF_NODES, TemplateLimits
from workspaces.core.problems import Broken, Mark, Path, Problems, too_large
from workspaces.core.reading.archives import ZipFiles
from workspaces.core.reading.builder import Builder, Built, ReadingState, Reference
from workspaces.core.reading.document import Document, Value
from workspaces.core.reading.files import CountedFiles, Files, OverBudget, Unreadable, folder_of, resolve
from workspaces.core.reading.json_events import json_events
from workspaces.core.reading.json_line import read_line
from workspaces.core.reading.parse_events import Event, decode
from workspaces.core.reading.yaml_events import yaml_events
from workspaces.errors import Problem, TemplateInvalid, TemplateTooLarge, UnsupportedTemplateFile

__all__ = ["NEEDS_FILES", "Document", "Files", "Format", "TemplateSource", "Value"]
__all__ += ["read_inline", "read_object", "read_tree", "read_upload"]

Format: TypeAlias = Literal["yaml", "json"]
Events: TypeAlias = Callable[[bytes, str], Iterator[Event]]

NEEDS_FILES = "needs a directory or a zip"
ROOT_FILES = ("org.yaml", "org.yml", "org.json")
MAX_INCLUDES = 16

_PARSERS: dict[str, Events] = {"yaml": yaml_events, "yml": yaml_events, "json": json_events}


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateSource:
    """A template's document and files. `files` is None for a single text without files around it."""

    document: Document
    files: CountedFiles | None = None


def read_inline(data: bytes, *, format: Format, limits: TemplateLimits, name: str = "") -> Document:
    """One text without files; `name` is its name in problems. Raises `TemplateInvalid` and `TemplateTooLarge`."""
    return _read_text(data, _PARSERS[format], name, ReadingState(limits=limits, problems=Problems()))


def read_object(data: bytes, limits: TemplateLimits) -> Document:
    """A request's JSON body with the template under `template`; paths of problems begin below that key."""
    return _read_text(data, json_events, "", ReadingState(limits=limits, problems=Problems(body_key="template")))


def read_upload(filename: str, data: bytes, limits: TemplateLimits) -> TemplateSource:
    """An uploaded file, read by the ending of its name. Raises `UnsupportedTemplateFile` for an unknown ending."""
    name = file_name(filename)
    ending = _ending(filename)
    if ending == "zip":
        _check_size(data, limits, name)
        return read_tree(ZipFiles(data, limits=limits), limits)
    if ending not in _PARSERS:
        raise UnsupportedTemplateFile(f"{name or 'The file'} is none of .yaml, .yml, .json, .zip.")
    reading = ReadingState(limits=limits, problems=Problems())
    return TemplateSource(document=_read_text(data, _PARSERS[ending], name, reading))


def file_name(filename: str) -> str:
    """The name of an uploaded file, without the folders that a browser may send, in at most 255 characters."""
    return clip(filename.replace("\\", "/").rpartition("/")[2], 255)


def read_tree(files: Files, limits: TemplateLimits) -> TemplateSource:
    """A directory's `org.yaml`, `org.yml` or `org.json` with all its includes."""
    counted = CountedFiles(files, limits=limits)
    root = next((name for name in ROOT_FILES if files.is_file(name)), None)
    if root is None:
        raise TemplateInvalid([Problem(message=f"there is no {ROOT_FILES[0]} at the top")])
    return TemplateSource(document=_Tree(counted, limits).document(root), files=counted)


def _read_text(data: bytes, events: Events, name: str, reading: ReadingState) -> Document:
    _check_size(data, reading.limits, name)
    if events is json_events and (document := _read_line(data, name, reading.limits)):
        return document
    builder = Builder(reading, file=name, base=(), depth=0, include=partial(_refuse_include, reading))
    try:
        built = builder.build(events(data, name))
    except Broken as broken:
        reading.problems.add_broken(broken)
        built = Built(value=None)
    reading.problems.raise_if_any()
    return Document(data=built.value, marks=reading.marks, start=Mark(name, builder.start))


def _read_line(data: bytes, name: str, limits: TemplateLimits) -> Document | None:
    """The document of a text on one line, without marks; None if the text has to be read event by event."""
    try:
        value = read_line(decode(data, name), limits)
    except Broken:
        return None
    return None if value is None else Document(data=value, marks={}, start=Mark(name, 1))


def _check_size(data: bytes, limits: TemplateLimits, name: str) -> None:
    if len(data) > limits.max_bytes:
        raise TemplateTooLarge(Problem(message=f"more than {limits.max_bytes:,} bytes {OF_BYTES}", file=name))


def _refuse_include(reading: ReadingState, reference: Reference) -> Built:
    _add_problem(reading, reference, f"!include {NEEDS_FILES}")
    return Built(value=None)


def _add_problem(reading: ReadingState, reference: Reference, message: str) -> None:
    reading.problems.add(message, reference.path, lambda _: Mark(reference.file, reference.line))


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


class _Tree:
    """Reads a template's files, each include at its place. It recurses once for each level of includes
    (MAX_INCLUDES)."""

    def __init__(self, files: CountedFiles, limits: TemplateLimits) -> None:
        self._files = files
        self._reading = ReadingState(limits=limits, problems=Problems())
        self._chain: list[str] = []
        self._included = 0

    def document(self, root: str) -> Document:
        """The whole template. Raises `TemplateInvalid` with the faults of all files."""
        start = Mark(root, 1)
        try:
            built = self._file(root, (), 0, start)
        except Unreadable as error:
            raise TemplateInvalid([Problem(message=f"{root} {error}", file=root)]) from error
        self._reading.problems.raise_if_any()
        return Document(data=built.value, marks=self._reading.marks, start=start)

    def _file(self, path: str, base: Path, depth: int, mark: Mark) -> Built:
        data = self._bytes(path, base, mark)
        builder = Builder(self._reading, file=path, base=base, depth=depth, include=self._include)
        self._chain.append(path)
        try:
            return builder.build(_PARSERS[_ending(path)](data, path))
        except Broken as broken:
            self._reading.problems.add_broken(broken)
            return Built(value=None)
        finally:
            self._chain.pop()

    def _bytes(self, path: str, base: Path, mark: Mark) -> bytes:
        try:
            return self._files.read(path, limit=self._reading.limits.max_bytes)
        except OverBudget as error:
            raise too_large(str(error), base, mark) from error

    def _include(self, reference: Reference) -> Built:
        path, mark = self._target(reference), Mark(reference.file, reference.line)
        if path is None:
            return Built(value=None)
        self._included += 1
        if self._included > self._reading.limits.max_includes:
            raise too_large(
                f"more than {self._reading.limits.max_includes:,} includes {OF_NODES}", reference.path, mark
            )
        try:
            return self._file(path, reference.path, reference.depth, mark)
        except Unreadable as error:
            _add_problem(self._reading, reference, f"!include: {clip(path, 200)} {error}")
            return Built(value=None)

    def _target(self, reference: Reference) -> str | None:
        """The included path; None, with a problem added, if it may not be included here."""
        try:
            path = resolve(folder_of(reference.file), reference.text)
            self._check(path)
        except ValueError as error:
            _add_problem(self._reading, reference, f"!include {clip(reference.text, 200)}: {error}")
            return None
        return path

    def _check(self, path: str) -> None:
        if _ending(path) not in _PARSERS:
            raise ValueError("an included file must end in .yaml, .yml or .json")
        if path in self._chain:
            raise ValueError(f"it includes itself: {' › '.join([*self._chain, path])}")
        if len(self._chain) > MAX_INCLUDES:
            raise ValueError(f"includes go more than {MAX_INCLUDES} files deep")
