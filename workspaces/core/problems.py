"""A collector for the problems of a template, so that one answer lists them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from lib.text import clip
from workspaces.errors import Problem, TemplateInvalid, TemplateTooLarge

MAX_PROBLEMS = 100

Path = tuple[str | int, ...]


class Mark(NamedTuple):
    """The place where a value was written; `file` is "" for inline text."""

    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        if not self.file:
            return f"line {self.line}" if self.line else ""
        return f"{self.file}:{self.line}" if self.line else self.file


class Broken(Exception):
    """The text of one file cannot be read beyond `problem`."""

    def __init__(self, message: str, *, file: str, line: int | None, path: str = "") -> None:
        super().__init__(message)
        self.problem = Problem(message=clip(message, 500), path=path, file=file, line=line)


def format_path(path: Path) -> str:
    """`("workspaces", 2, "tier")` as `workspaces[2].tier`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{clip(key, 60)}" for key in path)
    return text.removeprefix(".")


def too_large(message: str, path: Path, mark: Mark) -> TemplateTooLarge:
    """The error for a limit that `path` exceeds."""
    return TemplateTooLarge(Problem(message=message, path=format_path(path), file=mark.file, line=mark.line))


@dataclass(kw_only=True, slots=True)
class Problems:
    """The first hundred problems and a count of the others. `body_key` is a leading key to leave out of paths."""

    body_key: str = ""
    found: list[Problem] = field(default_factory=list)
    more: int = 0

    @property
    def full(self) -> bool:
        """Whether further problems are only counted, so that their text is not needed."""
        return len(self.found) >= MAX_PROBLEMS

    def add(self, message: str, path: Path, locate: Callable[[Path], Mark]) -> None:
        """Add a problem at `path`; `locate` gives its file and line."""
        if self.full:
            self.more += 1
            return
        mark = locate(path)
        text = clip(message, 500)
        self.found.append(Problem(message=text, path=format_path(self.shown(path)), file=mark.file, line=mark.line))

    def shown(self, path: Path) -> Path:
        """`path` without the key of the request's body that has the template."""
        return path[1:] if self.body_key and path[:1] == (self.body_key,) else path

    def add_broken(self, broken: Broken) -> None:
        """Add a file that could not be read to its end."""
        if self.full:
            self.more += 1
        else:
            self.found.append(broken.problem)

    def raise_if_any(self) -> None:
        """Raise `TemplateInvalid` with all problems so far, if there are any."""
        if self.found:
            raise TemplateInvalid(self.found, more=self.more)
