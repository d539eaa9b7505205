"""JSON on one line is read at once, and comes to the same as when it is read event by event."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.json_line import read_line
from workspaces.core.reading.reader import read_inline
from workspaces.errors import TemplateInvalid, TemplateTooLarge

SMALL = TemplateLimits(max_nodes=1, max_depth=1)
SCALARS = st.booleans() | st.integers() | st.floats() | st.text() | st.none()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(VALUES, st.booleans())
def test_both_ways_come_to_the_same(value: Any, escaped: bool) -> None:
    text = json.dumps({"a": value}, ensure_ascii=escaped)
    assert outcome(text) == outcome(f"\n{text}", lines=1)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1,\n"b": 2}',
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": 9223372036854775808}',
        '{"a": "\\u0000"}',
        '{"a": "\\ud83d"}',
        '{"a": 1} 2',
        "[" * 100 + "]" * 100,
        "[" * 100_000,
        "[" + "0," * 10_000 + "0]",
        "null",
        "",
    ],
)
def test_what_may_be_wrong_or_has_lines_is_left_to_the_events(text: str) -> None:
    assert read_line(text, SMALL) is None


def test_a_line_may_end_like_one() -> None:
    assert read_line('{"a": [1, 2.5, "x"]}\r\n', SMALL) == {"a": [1, 2.5, "x"]}


def outcome(text: str, *, lines: int = 0) -> object:
    """The data, or where and why there is none; `lines` stand above the text."""
    try:
        document = read_inline(text.encode(), format="json", limits=TemplateLimits())
    except (TemplateInvalid, TemplateTooLarge) as error:
        return [(each.message, each.path, (each.line or 0) - lines) for each in error.problems]
    return document.data, (document.mark(("a",)).line or 0) - lines
