"""The context of one validation: the document, the limits, and the collected problems and warnings."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lib.text import clip
from workspaces.core.columns import TIER_RULE
from workspaces.core.filesets import FolderFiles
from workspaces.core.limits import OF_BYTES, OF_NODES, TemplateLimits
from workspaces.core.problems import Mark, Path, Problems, format_path, too_large
from workspaces.core.reading.document import Document
from workspaces.core.reading.files import Files, FoundFile, OverBudget, Unreadable
from workspaces.core.validating.template_schema import USUAL

MAX_NOTICES = 100
MAX_TEXT = 4 * 1024 * 1024
"""Characters of all places together; places beyond it are only counted."""
MAX_GUESSED = 40
SHOWN = 3
"""Places of a warning that people see; the others are only counted."""

_BEFORE, _BETWEEN = ": ", ", "
_UNCOUNTED = re.compile("and ([0-9,]+) more")


@dataclass(kw_only=True, slots=True)
class _Notice:
    subject: str
    places: list[str] = field(default_factory=list)
    more: int = 0

    def __str__(self) -> str:
        more = [f"and {self.more:,} more"] if self.more else []
        return f"{self.subject}{_BEFORE}{_BETWEEN.join([*self.places, *more])}"


class Notices:
    """The first hundred subjects with their places, and a count of the others."""

    def __init__(self, locate: Callable[[Path], Mark]) -> None:
        self._locate = locate
        self._notices: dict[str, _Notice] = {}
        self._dropped: set[str] = set()
        self._room = MAX_TEXT

    def add_unknown_key(self, key: str, path: Path, known: Collection[str]) -> None:
        """Add a warning about an unknown key; the closest of the `known` keys is suggested."""
        self._record(f"key {key}", path, lambda: _unknown(key, known))

    def add(self, subject: str, path: Path, *, about: str = "") -> None:
        """Add a warning `subject` at `path`; `about` is the file that it concerns."""
        self._record(subject, path, lambda: subject, about=about)

    def _record(self, identity: str, path: Path, subject_text: Callable[[], str], *, about: str = "") -> None:
        notice = self._notices.get(identity)
        if notice is None:
            if len(self._notices) >= MAX_NOTICES:
                self._dropped.add(identity)
                return
            notice = self._notices[identity] = _Notice(subject=subject_text())
        if self._room <= 0:
            notice.more += 1
            return
        place = _place(path, self._locate(path), about)
        self._room -= len(place)
        notice.places.append(place)

    def sentences(self) -> tuple[str, ...]:
        """All warnings, in the order of their first place."""
        more = (f"… and {len(self._dropped):,} more warnings",) if self._dropped else ()
        return (*(str(notice) for notice in self._notices.values()), *more)


def brief(sentence: str) -> str:
    """A warning for people: with its first places and the number of the others."""
    subject, before, text = sentence.rpartition(_BEFORE)
    places = text.split(_BETWEEN)
    if not before or len(places) <= SHOWN:
        return sentence
    uncounted = _UNCOUNTED.fullmatch(places[-1])
    more = len(places) - SHOWN + (int(uncounted[1].replace(",", "")) - 1 if uncounted else 0)
    return f"{subject}{before}{_BETWEEN.join([*places[:SHOWN], f'and {more:,} more'])}"


def _unknown(key: str, known: Collection[str]) -> str:
    close = get_close_matches(key, sorted(known), n=1) if len(key) <= MAX_GUESSED else []
    guess = f" (did you mean `{close[0]}`?)" if close else ""
    return f"unknown key `{clip(key, 60)}`{guess}, kept but not used"


def _place(path: Path, mark: Mark, about: str) -> str:
    """The place as text, without the separators before and between places, so that `brief` can split them again."""
    where = f"{format_path(path)} ({mark})" if str(mark) else format_path(path)
    place = f"{clip(about, 200)} in {where}" if about else where
    return place.replace(_BETWEEN, ",\u00a0").replace(_BEFORE, ":\u00a0")


class MissingFiles(StrEnum):
    """How a missing prompt file counts: as an error, or as a warning with an empty prompt."""

    ERROR = "error"
    WARN = "warn"


ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(kw_only=True, slots=True)
class Checks:
    """One validation. `declared` counts workspaces, `expanded` the bytes that defaults and prompt files add.

    `filesets` are the folders read so far, by path, and `contents` the files in them; `absent` has the places that name
    a missing prompt file, if that is no error.
    """

    document: Document
    files: Files | None
    limits: TemplateLimits
    zones: frozenset[str]
    problems: Problems
    notices: Notices
    missing: MissingFiles = MissingFiles.ERROR
    declared: int = 0
    expanded: int = 0
    filesets: dict[str, FolderFiles] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    absent: set[Path] = field(default_factory=set)

    def problem(self, path: Path, message: str) -> None:
        """Report a problem at `path`."""
        self.problems.add(message, path, self.document.mark)

    def model(self, kind: type[ModelT], raw: object, path: Path) -> ModelT | None:
        """`raw` as a `kind`; None, with every problem reported, if it is invalid."""
        try:
            return kind.model_validate(raw, context=self.zones)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self.problem((*path, *detail["loc"]), _message(detail))
            return None

    def warn_unknown_keys(self, raw: Mapping[str, Any], path: Path, known: AbstractSet[str]) -> None:
        """Warn about the keys of `raw` that are not `known`."""
        if not raw.keys() <= known:
            for key in raw:
                if key not in known:
                    self.notices.add_unknown_key(key, (*path, key), known)

    def warn_unusual_types(self, raw: Mapping[str, Any], path: Path) -> None:
        """Warn about the keys of `raw` with a value of an unusable type, which is kept as written."""
        for key in sorted(raw.keys() & USUAL.keys()):
            expected, kinds = USUAL[key]
            value = raw[key]
            if value is not None and (isinstance(value, bool) or not isinstance(value, kinds)):
                self.notices.add(f"`{key}` should be {expected}; it is kept as written", (*path, key))

    def read(self, file: str, path: Path) -> bytes:
        """A file that the value at `path` names. Raises `Unreadable` and `TemplateTooLarge`."""
        with self._within_budget(path) as files:
            return files.read(file, limit=self.limits.max_bytes)

    def read_prompt(self, file: str, path: Path) -> bytes:
        """As `read`, but a file that was read with its folder is not read and counted again."""
        return self.contents[file] if file in self.contents else self.read(file, path)

    def walk(self, folder: str, path: Path) -> FoundFile:
        """The contents of the folder that the value at `path` names. Raises `Unreadable` and `TemplateTooLarge`."""
        with self._within_budget(path) as files:
            return files.walk(folder, limit=self.limits.max_file_reads)

    @contextmanager
    def _within_budget(self, path: Path) -> Iterator[Files]:
        if self.files is None:
            raise Unreadable("can't be read")
        try:
            yield self.files
        except OverBudget as error:
            raise too_large(str(error), path, self.document.mark(path)) from error

    def count_workspaces(self, siblings: int, path: Path) -> None:
        """Count the workspaces of the list at `path`. Raises `TemplateTooLarge`, naming the first beyond the limit."""
        room = self.limits.max_nodes - self.declared
        if siblings > room:
            first = (*path, room)
            raise too_large(
                f"more than {self.limits.max_nodes:,} workspaces {OF_NODES}", first, self.document.mark(first)
            )
        self.declared += siblings

    def count_expanded(self, size: int, path: Path) -> None:
        """Count text that is expanded at `path`. Raises `TemplateTooLarge` beyond the limit."""
        self.expanded += size
        if self.expanded > self.limits.max_expanded_bytes:
            message = (
                f"defaults and prompt files expand to more than {self.limits.max_expanded_bytes:,} bytes {OF_BYTES}"
            )
            raise too_large(message, path, self.document.mark(path))


_MESSAGES = {
    "missing": "is required",
    "int_type": TIER_RULE,
    "greater_than_equal": TIER_RULE,
    "less_than_equal": TIER_RULE,
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "model_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "string_too_short": "must not be empty",
}


def _message(detail: ErrorDetails) -> str:
    """pydantic's error in our words."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "string_type":
        return _not_text(detail["input"])
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_too_long":
        return f"must have at most {context['max_length']} characters"
    if kind == "too_long":
        return f"must have at most {context['max_length']:,} entries"
    return _MESSAGES.get(kind, detail["msg"])


def _not_text(value: Any) -> str:
    if value is None:
        return "is required"
    return "must be text" if isinstance(value, list | dict) else "must be text; put it in quotes"
