"""YAML as events, through PyYAML's event interface.

Danger: never use PyYAML's `load` or `compose`. They crash the process on deep nesting and expand aliases without bound.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias

import yaml

from workspaces.core.problems import Broken
from workspaces.core.reading.parse_events import Event, ParseKind, decode, line_after

# The loader in C; the pure Python one gives the same events, but slower.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_Table: TypeAlias = dict[int, str]
_OLD_BREAKS = "\x85\u2028\u2029"
_NONCHARACTERS = [chr(code) for code in range(0xFDD0, 0xFDF0)]
_ESCAPED = re.compile(r"\\(?:u|U0000)(FD[DE][0-9A-F])", re.IGNORECASE)  # the escape of one, in double quotes

_KINDS: dict[type[yaml.Event], ParseKind] = {
    yaml.ScalarEvent: ParseKind.SCALAR,
    yaml.MappingStartEvent: ParseKind.MAPPING,
    yaml.SequenceStartEvent: ParseKind.SEQUENCE,
    yaml.MappingEndEvent: ParseKind.END,
    yaml.SequenceEndEvent: ParseKind.END,
    yaml.AliasEvent: ParseKind.ALIAS,
}


def yaml_events(data: bytes, file: str) -> Iterator[Event]:
    """The events of the one document in `data`. Raises `Broken` if it is not YAML, or not exactly one document."""
    decode(data, file)  # only to refuse text that is not UTF-8; keeping the result would take twice the memory
    documents = 0
    shielded, back = _shielded(data.removeprefix(BOM_UTF8), file)
    with _errors_as_ours(data, file):
        for event in _events(shielded, back):
            line = event.start_mark.line + 1
            kind = _KINDS.get(type(event))
            if kind is ParseKind.SCALAR:
                # A lone `!` means: do not resolve the scalar, take it as text.
                tag = event.tag
                plain = tag is None and event.implicit[0]
                yield kind, line, event.value, plain, event.anchor, None if tag == "!" else tag
            elif kind is ParseKind.END:
                yield kind, line, "", False, None, None
            elif kind is ParseKind.ALIAS:
                yield kind, line, "", False, event.anchor, None
            elif kind:
                yield kind, line, "", False, event.anchor, None if event.tag == "!" else event.tag
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise Broken("only one document is read, a second one starts here", file=file, line=line)
    if not documents:
        raise Broken("the document is empty", file=file, line=1)


def _events(data: bytes, back: _Table) -> Iterator[Any]:
    events = iter(_Loader(data).get_event, None)
    return map(partial(_restored, back=back), events) if back else events


def _shielded(data: bytes, file: str) -> tuple[bytes, _Table]:
    """`data` with a stand-in for each character that ends a line in YAML 1.1 but not in 1.2, and the way back.

    A stand-in is a noncharacter that the text does not have, not even escaped. Raises `Broken` if too few are left.
    """
    present = [each for each in _OLD_BREAKS if each.encode() in data]
    if not present:
        return data, {}
    text = data.decode()
    escaped = {chr(int(code, 16)) for code in _ESCAPED.findall(text)}
    unused = [each for each in _NONCHARACTERS if each not in text and each not in escaped]
    if len(unused) < len(present):
        raise Broken("the text holds all of Unicode's noncharacters; leave some out", file=file, line=None)
    stand_ins = dict(zip(map(ord, present), unused, strict=False))
    return text.translate(stand_ins).encode(), {ord(stand_in): chr(code) for code, stand_in in stand_ins.items()}


def _restored(event: Any, *, back: _Table) -> Any:
    for each in ("value", "anchor", "tag"):
        if text := getattr(event, each, None):
            setattr(event, each, text.translate(back))
    return event


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
    """The line of a refused character. `error.position` counts bytes (the loader in C) or characters (in Python)."""
    found = text.find(chr(_code(error)))
    before = text[: found if found >= 0 else error.position]
    return line_after(before)
