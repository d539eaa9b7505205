"""YAML and JSON text as one stream of events with line numbers. Nothing here recurses or builds a value."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from workspaces.core.problems import Broken


class Kind(Enum):
    """What an event says."""

    SCALAR = "scalar"
    MAPPING = "mapping"
    SEQUENCE = "sequence"
    END = "end"
    ALIAS = "alias"


class Event(NamedTuple):
    """One step through a text. `plain` marks a scalar without quotes, whose text is still to be resolved."""

    kind: Kind
    line: int
    text: str = ""
    plain: bool = False
    anchor: str | None = None
    tag: str | None = None


def decode(data: bytes, file: str) -> str:
    """The text of a file: UTF-8, with or without a byte order mark. Raises `Broken`."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Broken("the file is not UTF-8 text", file=file, line=line) from error
