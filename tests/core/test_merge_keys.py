"""`<<`, as people with anchors write it: https://yaml.org/type/merge.html"""

from __future__ import annotations

import pytest

from tests.texts import data, directory, inline, problems, tree
from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.reader import read_inline
from workspaces.errors import TemplateTooLarge

BASE = "base: &base {tier: 3, model: m}\nother: &other {tier: 1, role: r}\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{<<: *base}", {"tier": 3, "model": "m"}),
        ("{<<: *base, tier: 2}", {"tier": 2, "model": "m"}),
        ("{tier: 2, <<: *base}", {"tier": 2, "model": "m"}),
        ("{<<: [*base, *other]}", {"tier": 3, "model": "m", "role": "r"}),
        ("{<<: [*other, *base], model: n}", {"tier": 1, "model": "n", "role": "r"}),
        ("{<<: {a: 1}, b: 2}", {"a": 1, "b": 2}),
        ("{<<: [{a: 1}, {a: 2, b: 3}]}", {"a": 1, "b": 3}),
        ("{<<: {<<: *base, model: n}}", {"tier": 3, "model": "n"}),
        ("{<<: []}", {}),
        ("{<<: *base, '<<': 1}", {"tier": 3, "model": "m", "<<": 1}),
        ('{"<<": *base}', {"<<": {"tier": 3, "model": "m"}}),
        ("[<<, <<]", ["<<", "<<"]),
        ("{a: <<}", {"a": "<<"}),
    ],
)
def test_a_mapping_takes_what_it_does_not_say_itself(text: str, value: object) -> None:
    assert data(f"{BASE}x: {text}")["x"] == value


def test_what_is_merged_stays_as_it_was() -> None:
    assert data(f"{BASE}x: &x {{<<: *base, a: 1}}\ny: {{<<: *x, b: 2}}") == {
        "base": {"tier": 3, "model": "m"},
        "other": {"tier": 1, "role": "r"},
        "x": {"a": 1, "tier": 3, "model": "m"},
        "y": {"b": 2, "a": 1, "tier": 3, "model": "m"},
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x:\n  <<: 1", "4 x.<<: a merge key takes a mapping, or a list of mappings"),
        ("x:\n  <<:", "4 x.<<: a merge key takes a mapping, or a list of mappings"),
        ("x:\n  <<: [*base, 1]", "4 x.<<: a merge key takes a mapping, or a list of mappings"),
        ("x:\n  <<: [[*base]]\n  y: 1", "4 x.<<: a merge key takes a mapping, or a list of mappings"),
        ("x:\n- <<: *base\n  <<: *other", "5 x[0].<<: the key stands here twice; write one with a list: <<: [*a, *b]"),
        ("x: {<<: *base, <<: *other}", "3 x.<<: the key stands here twice; write one with a list: <<: [*a, *b]"),
        ("x:\n  <<: *none", "4 x.<<: the alias *none has no anchor before it"),
        ("x: &x\n  <<: *x", "4 x.<<: the alias *x stands for something that contains itself"),
    ],
)
def test_what_can_not_be_merged_is_told_with_its_place(text: str, problem: str) -> None:
    assert problems(data, BASE + text) == [problem]


def test_merged_values_know_where_they_were_written() -> None:
    text = b"a: &a\n  b: 1\n  c:\n    d: 2\nx:\n- e: 1\n  <<: *a\n  b: 2\n- <<: {f: 3}\n"
    document = read_inline(text, format="yaml", limits=TemplateLimits())
    marks = {
        path: document.mark(path).line for path in [("x", 0, "b"), ("x", 0, "c", "d"), ("x", 0, "e"), ("x", 1, "f")]
    }
    assert marks == {("x", 0, "b"): 8, ("x", 0, "c", "d"): 4, ("x", 0, "e"): 6, ("x", 1, "f"): 9}


def test_an_included_mapping_can_be_merged() -> None:
    files = {"org.yaml": "a:\n  <<: !include b.yaml\n  c: 1\nd: {<<: [!include b.yaml]}", "b.yaml": "b: 1\nc: 2\n"}
    assert tree(files) == {"a": {"c": 1, "b": 1}, "d": {"b": 1, "c": 2}}


def test_problems_of_merged_values_are_told_where_they_were_written_and_for_the_workspace() -> None:
    text = "name: x\nx: &x\n  tier: 9\nworkspaces:\n- name: a\n  <<: *x\n"
    assert problems(inline, text) == ["3 workspaces[0].tier: must be an integer from 1 to 4"]
    assert "b.yaml" not in problems(directory, {"org.yaml": text})[0]


def test_a_template_with_merge_keys_is_the_one_that_is_written_out() -> None:
    short = "name: x\nx: &x {tier: 3, role: r}\nworkspaces: [{name: a, <<: *x, children: [{<<: *x, name: b, tier: 1}]}]"
    long = "name: x\nx: {tier: 3, role: r}\n"
    long += "workspaces: [{name: a, tier: 3, role: r, children: [{name: b, tier: 1, role: r}]}]"
    assert inline(short).digest == inline(long).digest


def test_what_merging_expands_to_counts_like_aliases() -> None:
    lines = ["a0: &a0 {" + ", ".join(f"k{n}: x" for n in range(9)) + "}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    with pytest.raises(TemplateTooLarge, match="more than 300,000 values"):
        data("\n".join(lines))


def test_a_long_chain_of_merges_stops_at_a_limit() -> None:
    lines = ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: *a{n - 1}, k{n}: 1}}" for n in range(1, 5_000))]
    with pytest.raises(TemplateTooLarge):
        data("\n".join(lines))


def test_a_short_chain_of_merges_is_read() -> None:
    lines = ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: *a{n - 1}, k{n}: 1}}" for n in range(1, 100))]
    assert len(data("\n".join(lines))["a99"]) == 100
