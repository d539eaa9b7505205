"""JSON as events: strict RFC 8259, with line numbers. `json.loads` recurses and reports no lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from workspaces.core.problems import Broken
from workspaces.core.reading.parse_events import Event, ParseKind, decode

# Possessive quantifiers: an unclosed string must fail in one pass, without backtracking.
_TOKEN = re.compile(
    r"""[ \t\n\r]*+(?:
        (?P<string>"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+")
      | (?P<mark>[{}\[\],:])
      | (?P<plain>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?[0-9]++)?+|true|false|null)
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_SPACE = re.compile(r"[ \t\n\r]*")


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


class _Expect(Enum):
    """The token that may come next; the value is its text in a message."""

    VALUE = "a value"
    FIRST_VALUE = "a value or `]`"
    KEY = "a key in double quotes"
    FIRST_KEY = "a key in double quotes or `}`"
    COLON = "`:`"
    MORE = "`,` or the closing bracket"
    END = "the end of the document"


_CLOSER = {ParseKind.MAPPING: "}", ParseKind.SEQUENCE: "]"}
_OPENER = {"{": ParseKind.MAPPING, "[": ParseKind.SEQUENCE}
_FIRST = {ParseKind.MAPPING: _Expect.FIRST_KEY, ParseKind.SEQUENCE: _Expect.FIRST_VALUE}
_NEXT = {ParseKind.MAPPING: _Expect.KEY, ParseKind.SEQUENCE: _Expect.VALUE}


def json_events(data: bytes, file: str) -> Iterator[Event]:
    """The events of the JSON document in `data`. Raises `Broken` if it is not one."""
    grammar = _Grammar(file)
    for token in _tokens(decode(data, file), file):
        event = grammar.step(token)
        if event:
            yield event


class _Grammar:
    """The state of the parser: the open brackets and the expected token."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._open: list[ParseKind] = []
        self._expect = _Expect.VALUE

    def step(self, token: _Token) -> Event | None:
        """Take one token, and return its event, if any. Raises `Broken` for an unexpected token."""
        if token.kind == "mark":
            return self._mark(token)
        if token.kind == "end":
            self._end(token)
            return None
        if token.kind == "string" and self._expect in (_Expect.KEY, _Expect.FIRST_KEY):
            self._expect = _Expect.COLON
        elif self._expect in (_Expect.VALUE, _Expect.FIRST_VALUE):
            self._value_done()
        else:
            raise self._unexpected(token)
        return _event(ParseKind.SCALAR, token, text=token.text)

    def _mark(self, token: _Token) -> Event | None:
        if token.text in _OPENER and self._expect in (_Expect.VALUE, _Expect.FIRST_VALUE):
            kind = _OPENER[token.text]
            self._open.append(kind)
            self._expect = _FIRST[kind]
            return _event(kind, token)
        if self._closes(token):
            self._open.pop()
            self._value_done()
            return _event(ParseKind.END, token)
        if token.text == ":" and self._expect is _Expect.COLON:
            self._expect = _Expect.VALUE
        elif token.text == "," and self._expect is _Expect.MORE:
            self._expect = _NEXT[self._open[-1]]
        else:
            raise self._unexpected(token)
        return None

    def _closes(self, token: _Token) -> bool:
        if not self._open or token.text != _CLOSER[self._open[-1]]:
            return False
        return self._expect in (_Expect.MORE, _FIRST[self._open[-1]])

    def _value_done(self) -> None:
        self._expect = _Expect.MORE if self._open else _Expect.END

    def _end(self, token: _Token) -> None:
        if self._expect is not _Expect.END:
            raise self._unexpected(token)

    def _unexpected(self, token: _Token) -> Broken:
        message = f"not valid JSON: expected {self._expect.value}"
        if token.kind == "end" and self._expect is _Expect.VALUE and not self._open:
            message = "the document is empty"
        return Broken(message, file=self._file, line=token.line)


def _event(kind: ParseKind, token: _Token, *, text: str = "") -> Event:
    return kind, token.line, text, token.kind == "plain", None, None


def _tokens(text: str, file: str) -> Iterator[_Token]:
    position, line = 0, 1
    while True:
        match = _TOKEN.match(text, position)
        start = match.start(match.lastgroup or 0) if match else _skip_space(text, position)
        line += text.count("\n", position, start)
        if not match:
            raise Broken(f"not valid JSON: {_odd(text, start)}", file=file, line=line)
        kind = match.lastgroup or ""
        value = match[kind]
        yield _Token(kind, _unquoted(value, file, line) if kind == "string" else value, line)
        if kind == "end":
            return
        position = match.end()


def _skip_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _odd(text: str, start: int) -> str:
    if text[start] == '"':
        return "the string is not closed, or holds a raw control character"
    return f"unexpected character U+{ord(text[start]):04X}"


def _unquoted(literal: str, file: str, line: int) -> str:
    """The string between the quotes. `json.loads` gets single strings only, so it cannot recurse."""
    if "\\" not in literal:
        return literal[1:-1]
    try:
        return str(json.loads(literal))
    except ValueError as error:
        raise Broken("not valid JSON: the string holds an invalid escape", file=file, line=line) from error
