"""Loading templates from text or in-memory files in tests, and the problems that loading reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.files import FoundFile, Missing, OverBudget, Unreadable
from workspaces.core.reading.reader import Format, read_inline, read_tree
from workspaces.core.template import Template
from workspaces.core.validating.validation import validate
from workspaces.errors import TemplateInvalid

ZONES = frozenset({"UTC", "Europe/Berlin"})


class MemoryFiles:
    """A template's files as a mapping from path to text."""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self.files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}

    def read(self, path: str, *, limit: int) -> bytes:
        if path not in self.files:
            raise Unreadable("is a folder") if self.is_dir(path) else Missing
        if len(self.files[path]) > limit:
            raise OverBudget(f"more than {limit} bytes")
        return self.files[path]

    def is_file(self, path: str) -> bool:
        return path in self.files

    def is_dir(self, path: str) -> bool:
        return not path or any(name.startswith(f"{path}/") for name in self.files)

    def walk(self, folder: str, *, limit: int) -> FoundFile:
        found = sorted(name for name in self.files if not folder or name.startswith(f"{folder}/"))
        if len(found) > limit:
            raise OverBudget(f"more than {limit} files")
        return FoundFile(files=found, left_out=[])


def data(text: str | bytes, *, format: Format = "yaml", limits: TemplateLimits | None = None) -> Any:
    """The plain data of an inline text."""
    raw = text.encode() if isinstance(text, str) else text
    return read_inline(raw, format=format, limits=limits or TemplateLimits()).data


def tree(files: Mapping[str, str | bytes], *, limits: TemplateLimits | None = None) -> Any:
    """The plain data of a directory."""
    return read_tree(MemoryFiles(files), limits or TemplateLimits()).document.data


def inline(text: str, *, format: Format = "yaml", limits: TemplateLimits | None = None) -> Template:
    """The template in an inline text."""
    limits = limits or TemplateLimits()
    document = read_inline(text.encode(), format=format, limits=limits)
    return validate(document, files=None, limits=limits, zones=ZONES)


def directory(files: Mapping[str, str | bytes], *, limits: TemplateLimits | None = None) -> Template:
    """The template in a directory."""
    limits = limits or TemplateLimits()
    source = read_tree(MemoryFiles(files), limits)
    return validate(source.document, files=source.files, limits=limits, zones=ZONES)


def problems(call: Callable[..., object], *args: Any, **kwargs: Any) -> list[str]:
    """What is wrong, as people read it: `org.yaml:4 workspaces[0].tier: must be …`."""
    with pytest.raises(TemplateInvalid) as error:
        call(*args, **kwargs)
    return [str(problem) for problem in error.value.problems]
