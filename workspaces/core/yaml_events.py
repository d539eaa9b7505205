"""YAML as events, through PyYAML's event interface.

PyYAML's `load` and `compose` crash the process on deep nesting and expand aliases without bound: neither is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from workspaces.core.events import Event, Kind
from workspaces.core.problems import Broken

# The loader in C; the pure one reads the same events, only slower
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_OPENING: dict[type[yaml.Event], Kind] = {
    yaml.MappingStartEvent: Kind.MAPPING,
    yaml.SequenceStartEvent: Kind.SEQUENCE,
}


def yaml_events(text: str, file: str) -> Iterator[Event]:
    """The events of the one document in `text`. Raises `Broken` where it is no YAML, or no or several documents."""
    documents = 0
    for event in _parsed(text, file):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise Broken("only one document is read, a second one starts here", file=file, line=_line(event))
        elif isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
            yield _event(event)
    if not documents:
        raise Broken("the document is empty", file=file, line=1)


def _event(event: Any) -> Event:
    kind = type(event)
    if kind is yaml.ScalarEvent:
        # A lone `!` says: not resolved, take it as text
        plain = event.implicit[0] and event.tag is None
        return Event(Kind.SCALAR, _line(event), event.value, plain, event.anchor, _tag(event))
    if kind in _OPENING:
        return Event(_OPENING[kind], _line(event), anchor=event.anchor, tag=_tag(event))
    if kind is yaml.AliasEvent:
        return Event(Kind.ALIAS, _line(event), anchor=event.anchor)
    return Event(Kind.END, _line(event))


def _tag(event: Any) -> str | None:
    return None if event.tag == "!" else event.tag


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _parsed(text: str, file: str) -> Iterator[yaml.Event]:
    """PyYAML's events, and its errors as ours."""
    try:
        loader = _Loader(text)
        while (event := loader.get_event()) is not None:
            yield event
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Broken(f"not valid YAML: {_reason(error)}", file=file, line=mark.line + 1 if mark else None) from error
    except yaml.reader.ReaderError as error:
        message = f"not valid YAML: the character U+{_code(error):04X} is not allowed"
        raise Broken(message, file=file, line=_line_of(error, text)) from error
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
