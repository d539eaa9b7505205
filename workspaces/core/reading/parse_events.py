"""The events of YAML and JSON text, with line numbers: a flat stream, so that no parser recurses or builds values."""

from __future__ import annotations

from codecs import BOM_UTF8
from enum import Enum
from typing import TypeAlias

from workspaces.core.problems import Broken


class ParseKind(Enum):
    """The kind of an event."""

    SCALAR = "scalar"
    MAPPING = "mapping"
    SEQUENCE = "sequence"
    END = "end"
    ALIAS = "alias"


# Kind, line, text, whether the text is a scalar without quotes (still to be resolved), anchor, tag. A plain tuple,
# because there is one for each value, and a NamedTuple takes five times as long to make.
Event: TypeAlias = "tuple[ParseKind, int, str, bool, str | None, str | None]"


def decode(data: bytes, file: str) -> str:
    """The text of a file: UTF-8, with or without a byte order mark. Raises `Broken`."""
    data = data.removeprefix(BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = line_after(data[: error.start].decode())
        raise Broken("the file is not UTF-8 text", file=file, line=line) from error


def line_after(text: str) -> int:
    """The number of the line on which `text` ends; LF, CR and CRLF end a line."""
    return text.count("\n") + text.count("\r") - text.count("\r\n") + 1
