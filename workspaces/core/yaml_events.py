"""YAML as events, through PyYAML's event interface.

PyYAML's `load` and `compose` crash the process on deep nesting and expand aliases without bound: neither is used.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from workspaces.core.events import Event, Kind, decode
from workspaces.core.problems import Broken

# The loader in C; the pure one reads the same events, only slower
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_KINDS: dict[type[yaml.Event], Kind] = {
    yaml.ScalarEvent: Kind.SCALAR,
    yaml.MappingStartEvent: Kind.MAPPING,
    yaml.SequenceStartEvent: Kind.SEQUENCE,
    yaml.MappingEndEvent: Kind.END,
    yaml.SequenceEndEvent: Kind.END,
    yaml.AliasEvent: Kind.ALIAS,
}


def yaml_events(data: bytes, file: str) -> Iterator[Event]:
    """The events of the one document in `data`. Raises `Broken` where it is no YAML, or no or several documents."""
    decode(data, file)  # what is not UTF-8 is refused; as text, all of it would be in memory twice more
    documents = 0
    with _errors_as_ours(data, file):
        for event in iter(_Loader(data.removeprefix(BOM_UTF8)).get_event, None):
            line = event.start_mark.line + 1
            kind = _KINDS.get(type(event))
            if kind is Kind.SCALAR:
                # A lone `!` says: not resolved, take it as text
                tag = event.tag
                plain = tag is None and event.implicit[0]
                yield kind, line, event.value, plain, event.anchor, None if tag == "!" else tag
            elif kind is Kind.END:
                yield kind, line, "", False, None, None
            elif kind is Kind.ALIAS:
                yield kind, line, "", False, event.anchor, None
            elif kind:
                yield kind, line, "", False, event.anchor, None if event.tag == "!" else event.tag
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise Broken("only one document is read, a second one starts here", file=file, line=line)
    if not documents:
        raise Broken("the document is empty", file=file, line=1)


@contextmanager
def _errors_as_ours(data: bytes, file: str) -> Iterator[None]:
    try:
        yield
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Broken(f"not valid YAML: {_reason(error)}", file=file, line=mark.line + 1 if mark else None) from error
    except yaml.reader.ReaderError as error:
        message = f"not valid YAML: the character U+{_code(error):04X} is not allowed"
        raise Broken(message, file=file, line=_line_of(error, decode(data, file))) from error
    except (yaml.YAMLError, ValueError) as error:
        raise Broken(f"not valid YAML: {error}", file=file, line=None) from error


def _reason(error: yaml.MarkedYAMLError) -> str:
    return " ".join(part for part in (error.context, error.problem) if part) or "it can't be parsed"


def _code(error: Any) -> int:
    character = error.character
    return ord(character) if isinstance(character, str) else int(character)


def _line_of(error: Any, text: str) -> int:
    """The line of a refused character: the position is one of bytes (C) or characters (Python)."""
    found = text.find(chr(_code(error)))
    return text.count("\n", 0, found if found >= 0 else error.position) + 1
