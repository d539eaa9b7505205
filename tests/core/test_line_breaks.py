"""YAML 1.2 ends lines at CR and LF alone; libyaml, which speaks 1.1, at three more characters."""

from __future__ import annotations

import pytest
import yaml

from tests.texts import data, inline, problems
from workspaces.core.limits import TemplateLimits
from workspaces.core.reading import yaml_events
from workspaces.core.reading.reader import read_inline
from workspaces.errors import TemplateInvalid

OLD = pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029"])


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_events, "_Loader", getattr(yaml, request.param))


@OLD
def test_a_comment_goes_on_to_the_end_of_its_line(end: str) -> None:
    text = f"name: x\nworkspaces:\n  - name: PM # reviewed{end}    spawning: false\n    tier: 3\n"
    (node,) = inline(text).workspaces
    assert (node.spawning, node.tier) == (True, 3)


@OLD
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: b{}c: d", None), ("a: b{} # c", "b{}"), ("a: 'b{}  c'", "b{}  c"), ('a: "b{}  c"', "b{}  c"),
        ('a: "b{}\\L\\N\\P"', "b{}\u2028\x85\u2029"), ("a: |\n  b{}  c\n  d\n", "b{}  c\nd\n"),
        ("a: >\n  b{}c\n  d\n", "b{}c d\n"),
        ("a: {{b: c{}d}}", {"b": "c{}d"}), ("a: [b{}- c]", ["b{}- c"]), ("a: {}b", "{}b"), ("a: |{}\n  b", None),
    ],
)  # fmt: skip
def test_a_scalar_keeps_the_character_and_its_line(end: str, text: str, value: object) -> None:
    text = text.replace("{}", end).replace("{{", "{").replace("}}", "}")
    if value is None:
        assert "not valid YAML" in problems(data, text)[0]
    else:
        assert repr(data(text)["a"]) == repr(value).replace("{}", repr(end)[1:-1])


@OLD
def test_keys_anchors_and_the_lines_behind_them_are_right(end: str) -> None:
    document = read_inline(
        f"# {end}{end}\nk{end}ey: 1\nb:\n- c: '{end}'\n".encode(), format="yaml", limits=TemplateLimits()
    )
    assert document.data == {f"k{end}ey": 1, "b": [{"c": end}]}
    assert [document.mark(path).line for path in [(f"k{end}ey",), ("b",), ("b", 0, "c")]] == [2, 3, 4]


@OLD
def test_a_problem_behind_it_is_told_with_its_line(end: str) -> None:
    assert problems(data, f"a: x{end}y # {end}\nb: c: d")[0].startswith("2 not valid YAML")
    assert problems(data, f"a: x{end}y\nb: !t{end} 1")[0].startswith("2 ")


@OLD
def test_no_directive_and_no_end_of_a_document_hides_behind_it(end: str) -> None:
    assert data(f"a: 1 #{end}---{end}b: 2\n") == {"a": 1}
    assert data(f"a: 1 #{end}...\nb: 2") == {"a": 1, "b": 2}


@OLD
def test_what_stands_in_for_it_may_stand_in_the_text_as_well(end: str) -> None:
    text = "".join(map(chr, range(0xFDD0, 0xFDEF)))
    assert data(f"a: '{text}{end}'") == {"a": f"{text}{end}"}
    assert "all of Unicode's noncharacters" in problems(data, f"a: '{text}\ufdef{end}'")[0]


@OLD
@pytest.mark.parametrize("escape", ["\\uFDD0", "\\ufdd2", "\\U0000FDD1", "\\\\\\uFdD0"])
def test_what_stands_in_for_it_may_stand_in_the_text_as_an_escape(end: str, escape: str) -> None:
    (alone,) = data(f'a: "{escape}"').values()
    assert data(f'a: "{escape}{end}"') == {"a": f"{alone}{end}"}


def test_json_takes_them_for_what_they_are() -> None:
    assert data('["\u2028\x85"]', format="json") == ["\u2028\x85"]
    assert "not valid JSON" in problems(data, "[1,\u20282]", format="json")[0]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_the_line_ends_of_1_2_still_end_lines(end: str) -> None:
    assert data(f"a: 1 # b{end}c: 2{end}") == {"a": 1, "c": 2}


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("fault", [b"\x01", b"\xff", b"b: c"])
def test_a_fault_is_told_with_its_line_however_lines_end(end: str, fault: bytes) -> None:
    text = f"a: 1{end}{end}c: ".encode() + fault + end.encode()
    with pytest.raises(TemplateInvalid) as raised:
        read_inline(text, format="yaml", limits=TemplateLimits())
    assert raised.value.problems[0].line == 3
