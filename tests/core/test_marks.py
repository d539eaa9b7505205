"""The line of every value, held against PyYAML's own tree. Only what is spread over lines keeps a mark of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from workspaces.core.limits import TemplateLimits
from workspaces.core.problems import Path
from workspaces.core.reading.reader import read_inline

KEYS = st.sampled_from(["name", "children", "canvas", "a longer key"])
VALUES = st.recursive(
    st.sampled_from([None, True, 3, "text", "two\nlines", "long " * 30]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)
ALIASED = """\
shared: &shared {deep: [1, {x: 1}]}
flow: {a: [1,
  2], b: *shared}
here: *shared
only: {b: *shared}
key:
  - {x: 1, y: 2}
  - {x: 1,
     y: 2}
"""


@given(VALUES, st.sampled_from([True, False, None]), st.integers(20, 200))
def test_each_line_is_the_one_that_pyyaml_knows(value: Any, flow: bool | None, width: int) -> None:
    text = yaml.safe_dump({"top": value}, default_flow_style=flow, width=width)
    check(text)


def test_aliases_lead_to_the_lines_of_what_they_stand_for() -> None:
    check(ALIASED)


def check(text: str) -> None:
    document = read_inline(text.encode(), format="yaml", limits=TemplateLimits())
    tree = yaml.compose(text, yaml.SafeLoader)
    for path, line in lines_in(tree, ()):
        assert document.mark(path).line == line, f"{path} in\n{text}"


def lines_in(node: yaml.Node, path: Path) -> Iterator[tuple[Path, int]]:
    """A mapping's entry begins with its key, a list's with itself."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key.start_mark.line + 1
            yield from lines_in(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*path, index), value.start_mark.line + 1
            yield from lines_in(value, (*path, index))
