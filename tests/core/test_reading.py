"""Text → data: what YAML and JSON mean here, where each value stands, and where reading stops."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.texts import MemoryFiles, data, problems, tree
from workspaces.core.limits import TemplateLimits
from workspaces.core.reading import yaml_events
from workspaces.core.reading.files import resolve
from workspaces.core.reading.reader import read_inline, read_object, read_tree, read_upload
from workspaces.errors import OrgError, TemplateInvalid, TemplateTooLarge, UnsupportedTemplateFile

SMALL = TemplateLimits(max_bytes=400, max_nodes=10, max_depth=4)


def test_yaml_scalars_follow_version_1_2() -> None:
    text = "{a: no, b: 017, c: 1:30, d: 2020-13-45, e: , f: '3', g: ! 3, h: 0x10}"
    assert data(text) == {"a": "no", "b": 17, "c": "1:30", "d": "2020-13-45", "e": None, "f": "3", "g": "3", "h": 16}


def test_keys_stay_the_text_that_was_written() -> None:
    assert data("no: 1\n017: 2\nnull: 3\n'': 4\n${X}: 5") == {"no": 1, "017": 2, "null": 3, "": 4, "${X}": 5}


def test_a_surrogate_pair_in_json_is_one_character() -> None:
    assert data('["\\ud83d\\ude00"]', format="json") == ["😀"]


def test_yaml_and_json_read_alike() -> None:
    text = '{"a": [1, -2.5e3, true, null, "\\u00e9 \\n"], "b": {"c": []}}'
    assert data(text) == data(text, format="json") == json.loads(text)


def test_a_byte_order_mark_is_no_content() -> None:
    assert data(b"\xef\xbb\xbfa: 1") == {"a": 1}
    assert data(b'\xef\xbb\xbf{"a": 1}', format="json") == {"a": 1}


@pytest.mark.parametrize("text", ["", " \n", "# nothing", "---\n...\n", "~"])
def test_an_empty_yaml_document_is_an_error(text: str) -> None:
    assert problems(data, text)[0].endswith("the document is empty")


@pytest.mark.parametrize("text", ["", "  \n", "null"])
def test_an_empty_json_document_is_an_error(text: str) -> None:
    assert problems(data, text, format="json")[0].endswith("the document is empty")


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: 1\nb: [", 3, "not valid YAML"),
        ("a: 1\n\tb: 2", 2, "not valid YAML"),
        ("a: b: c", 1, "mapping values are not allowed"),
        ("a: 1\nb: \x07", 2, "U+0007"),
        ("a: 1\n---\nb: 2", 2, "only one document"),
        ("a: 1\nb: !!str 2", 2, "b: the tag !!str is not read"),
        ("a: 1\nb: !x [1]", 2, "the tag !x"),
        ("a: 1\n? [b]\n: 2", 2, "a key must be plain text"),
        ("a: 1\n? !include b\n: 2", 2, "a key must be plain text"),
        ("a: &x [1]\n*x : 2", 2, "a key must be plain text"),
        ("a: 1\nb: *x", 2, "b: the alias *x has no anchor"),
        ("a: 1\nb: &x\n- *x", 3, "b[0]: the alias *x stands for something that contains itself"),
        ("a: 1\n<<: 2", 2, "<<: a merge key takes a mapping, or a list of mappings"),
        ("a:\n- b: 1\n  b: 2", 3, "a[0].b: the key stands here twice, first on line 2"),
        ('a: 1\n"b\\0": 2', 2, "U+0000"),
        ('a: 1\nb: "\\0"', 2, "b: text must not contain U+0000"),
        ("a: 1\nb: " + "9" * 5000, 2, "b: the integer is too large"),
        ("a: 1\nb: [.nan]", 2, "b[0]: .nan is not a finite number"),
    ],
)
def test_what_yaml_is_not_read_is_refused_with_its_line(text: str, line: int, reason: str) -> None:
    (problem,) = problems(data, text)
    assert problem.startswith(f"{line} ")
    assert reason in problem


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1,}', "[1,]", "[,]", "{,}", '{"a"}', '{"a": }', "{a: 1}", "{'a': 1}", "[1 2]", "[1", '{"a": 1', "]",
        "[}", '{"a": 1]', "NaN", "[Infinity]", "[-Infinity]", "[01]", "[1.]", "[.5]", "[+1]", "[0x1]", "[truex]",
        "[nul]", '["\t"]', '["\\x"]', '["\\u12"]', '["', "[1] 2", "// x\n1", "\x00", "{1: 2}", '[":]',
        "\ufeff\ufeff1",
    ],
)  # fmt: skip
def test_json_is_read_strictly(text: str) -> None:
    assert "not valid JSON" in problems(data, "\n" + text, format="json")[0]


def test_json_problems_carry_line_and_path() -> None:
    text = '{"a": [\n 1,\n {"b": 1,\n "b": 2},\n "\\ud800", 1e999]}'
    assert problems(data, text, format="json") == [
        "4 a[1].b: the key stands here twice, first on line 3",
        "5 a[2]: text must not contain U+D800 (at position 1)",
        "5 a[3]: the number is too large; for text put it in quotes",
    ]


def test_text_that_is_not_utf_8_is_refused_with_its_line() -> None:
    assert problems(data, b"a: 1\nb: \xff") == ["2 the file is not UTF-8 text"]
    assert problems(data, "a: 1".encode("utf-16"))[0].endswith("the file is not UTF-8 text")


@pytest.mark.parametrize("format", ["yaml", "json"])
@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"\xef\xbb\xbfa\n\xff", 2),
        (b"\xef\xbb\xbf\xff", 1),
        (b"\xef\xbb\xbf\nab\xff", 2),
        (b"\xef\xbb\xbf\xef\xbb\xbfn\xff", 1),
        ("\ufeff\nzu spät\n".encode() + b"\xe4", 3),
    ],
)
def test_a_byte_order_mark_does_not_shift_the_line_of_what_is_not_utf_8(text: bytes, line: int, format: str) -> None:
    assert problems(data, text, format=format) == [f"{line} the file is not UTF-8 text"]


def test_a_quoted_merge_key_is_a_key_like_any_other() -> None:
    assert data('{"<<": 1}') == {"<<": 1}
    assert data('{"<<": 1}', format="json") == {"<<": 1}


def test_anchors_and_aliases_work_for_values_and_keys() -> None:
    text = "a: &x {b: &k c}\nd: *x\ne: {*k : 1}\nf: &l [1]\ng: [*l, *l]"
    assert data(text) == {"a": {"b": "c"}, "d": {"b": "c"}, "e": {"c": 1}, "f": [1], "g": [[1], [1]]}


def test_an_anchor_set_again_stands_for_the_later_value() -> None:
    assert data("[&a 1, *a, &a 2, *a]") == [1, 1, 2, 2]


def test_the_first_hundred_problems_are_told_and_the_others_counted() -> None:
    with pytest.raises(TemplateInvalid, match="has 9,999 errors, the first 100 of them listed") as error:
        data("a: 1\n" * 10_000)
    assert str(error.value.problems[0]) == "2 a: the key stands here twice, first on line 1"
    assert len(error.value.problems) == 100


# Limits


@pytest.mark.parametrize("text", ["- " * 40_000, "[" * 5_000, "[" * 5_000 + "]" * 5_000, "a:\n" + "- " * 5_000])
def test_deep_yaml_stops_at_the_limit(text: str) -> None:
    with pytest.raises(TemplateTooLarge, match="nesting depth of lists and mappings is more than 152"):
        data(text)


@pytest.mark.parametrize("text", ["[" * 5_000 + "]" * 5_000, '{"a":' * 5_000 + "1" + "}" * 5_000, "[" * 1_000_000])
def test_deep_json_stops_at_the_limit(text: str) -> None:
    with pytest.raises(TemplateTooLarge, match="nesting depth"):
        data(text, format="json")


def test_nesting_up_to_the_limit_is_read() -> None:
    limits = TemplateLimits(max_depth=4)
    assert data("[" * limits.max_nesting + "]" * limits.max_nesting, limits=limits)
    with pytest.raises(TemplateTooLarge):
        data("[" * (limits.max_nesting + 1), limits=limits)


def test_a_billion_laughs_stop_at_the_line_that_goes_too_far() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    with pytest.raises(TemplateTooLarge, match="more than 300,000 values") as error:
        data("\n".join(lines))
    assert (error.value.problems[0].line, error.value.problems[0].path) == (6, "a5[3]")


def test_one_long_text_repeated_by_aliases_stops_too() -> None:
    with pytest.raises(TemplateTooLarge, match="bytes of text"):
        data(f"a: &a {'x' * 300}\nb: [{'*a, ' * 20}]", limits=SMALL)


def test_an_alias_counts_with_its_depth() -> None:
    limits = TemplateLimits(max_depth=1)
    lines = ["a0: &a0 [" + "[" * 10 + "]" * 11, "a1: &a1 [[[[[*a0]]]]]", "a2: [[[[[[[[[[[[*a1]]]]]]]]]]]]"]
    assert data("\n".join(lines[:2]), limits=limits)
    with pytest.raises(TemplateTooLarge, match="nesting depth") as error:
        data("\n".join(lines), limits=limits)
    assert error.value.problems[0].line == 3


def test_bytes_are_limited() -> None:
    assert data("a: " + "x" * 397, limits=SMALL)
    with pytest.raises(TemplateTooLarge, match=r"than 400 bytes \(limit: ORGSITE_MAX_TEMPLATE_BYTES\)\. Nothing"):
        data("a: " + "x" * 398, limits=SMALL)


def test_values_are_limited() -> None:
    limits = TemplateLimits(max_nodes=400)
    assert limits.max_values == 10_000
    assert data("[" + "1," * 9_999 + "]", limits=limits)
    with pytest.raises(TemplateTooLarge, match="more than 10,000 values"):
        data("[" + "1," * 10_000 + "]", limits=limits)


@pytest.mark.parametrize("format", ["json", "yaml"])
def test_as_many_workspaces_as_are_allowed_may_say_all_there_is_to_say(format: Any) -> None:
    schedule = {"name": "a", "cron_expr": "@daily", "prompt": "b", "timezone": "UTC", "enabled": True}
    each = {"name": "c", "role": "d", "tier": 1, "runtime": "e", "model": "f", "schedules": [schedule]}
    text = json.dumps({"workspaces": [each] * TemplateLimits().max_nodes})
    assert len(data(text, format=format)["workspaces"]) == 20_000


def test_a_depth_that_the_stack_could_not_take_can_not_be_set() -> None:
    with pytest.raises(ValueError, match="from 1 to 150"):
        TemplateLimits(max_depth=151)


# Marks


def test_every_value_knows_its_line() -> None:
    document = read_inline(b"a:\n  - b: 1\n    c:\n      2\n  - - 3\n", format="yaml", limits=TemplateLimits())
    lines = {path: document.mark(path).line for path in [(), ("a",), ("a", 0), ("a", 0, "c"), ("a", 1, 0)]}
    assert lines == {(): 1, ("a",): 1, ("a", 0): 2, ("a", 0, "c"): 3, ("a", 1, 0): 5}


def test_what_is_missing_stands_where_its_owner_stands() -> None:
    document = read_inline(b"a:\n  - b: 1\n", format="yaml", limits=TemplateLimits())
    assert document.mark(("a", 0, "name", "x")).line == 2
    assert document.mark(("a", 7)).line == 1


def test_a_part_of_a_request_keeps_its_lines_and_starts_its_own_paths() -> None:
    body = read_object(b'{\n"mode": "",\n"template": {\n"name": "x"}}', TemplateLimits())
    template = body.child("template")
    assert template.data == {"name": "x"}
    assert [template.mark(()).line, template.mark(("name",)).line] == [3, 4]
    assert problems(body.child, "other") == ["1 `other` is missing"]


def test_paths_in_a_request_begin_at_the_template() -> None:
    body = b'{"template": {"a": 1, "a": 2}, "mode": 1, "mode": 2}'
    assert [line.partition(":")[0] for line in problems(read_object, body, TemplateLimits())] == ["1 a", "1 mode"]


# Includes


def test_an_include_stands_for_the_content_of_the_file() -> None:
    files = {"org.yaml": "a: !include x/b.yml\n", "x/b.yml": "- !include ../c.json\n- 1", "c.json": '{"d": 2}'}
    assert tree(files) == {"a": [{"d": 2}, 1]}


def test_problems_in_an_included_file_name_it() -> None:
    files = {"org.yaml": "a:\n- !include b.yaml", "b.yaml": "c: 1\nc: 2\nd: [", "c.yaml": "1"}
    first, second = problems(tree, files)
    assert first == "b.yaml:2 a[0].c: the key stands here twice, first on line 1"
    assert second.startswith("b.yaml:4 not valid YAML")


def test_marks_lead_into_the_included_file() -> None:
    files = MemoryFiles({"org.yaml": "a:\n- !include b.yaml", "b.yaml": "# b\nc:\n  d: 1"})
    document = read_tree(files, TemplateLimits()).document
    assert [str(document.mark(path)) for path in [("a",), ("a", 0), ("a", 0, "c", "d")]] == [
        "org.yaml:1",
        "b.yaml:2",
        "b.yaml:3",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("!include b.yaml", "b.yaml does not exist"),
        ("!include ../b.yaml", "leads outside the template"),
        ("!include x/../../b.yaml", "leads outside the template"),
        ("!include /b.yaml", "must be relative"),
        ('!include "x\\\\b.yaml"', "must be relative and written with `/`"),
        ('!include "b\\0.yaml"', "U+0000"),
        ("!include .env.yaml", "hidden files"),
        ("!include .git/b.yaml", "hidden files"),
        ("!include b.txt", "must end in .yaml, .yml or .json"),
        ("!include", "a path must have"),
        ("!include org.yaml", "it includes itself: org.yaml › org.yaml"),
    ],
)
def test_an_include_that_can_not_be_is_refused_with_its_place(text: str, reason: str) -> None:
    (problem,) = problems(tree, {"org.yaml": f"a:\n  b: {text}\n"})
    assert problem.startswith("org.yaml:2 a.b: !include")
    assert reason in problem


def test_a_cycle_is_told_with_its_chain() -> None:
    files = {"org.yaml": "a: !include b.yaml", "b.yaml": "\nb: !include c.yaml", "c.yaml": "- !include b.yaml"}
    assert problems(tree, files) == [
        "c.yaml:1 a.b[0]: !include b.yaml: it includes itself: org.yaml › b.yaml › c.yaml › b.yaml"
    ]


def chain(length: int) -> dict[str, str]:
    files = {f"{n}.yaml": f"!include {n + 1}.yaml" for n in range(1, length)}
    return {"org.yaml": "!include 1.yaml", **files, f"{length}.yaml": "end"}


def test_includes_that_double_with_every_file_stop() -> None:
    files = {f"{n}.yaml": f"[!include {n + 1}.yaml, !include {n + 1}.yaml]" for n in range(12)}
    with pytest.raises(TemplateTooLarge, match="more than 2,000 includes"):
        read_tree(MemoryFiles({"org.yaml": "!include 0.yaml", **files, "12.yaml": "1"}), TemplateLimits())


def test_includes_go_sixteen_files_deep_and_no_further() -> None:
    assert tree(chain(16)) == "end"
    assert "more than 16 files deep" in problems(tree, chain(17))[0]


def test_nesting_counts_across_files() -> None:
    files = {"org.yaml": "[" * 20 + "!include a.yaml" + "]" * 20, "a.yaml": "[" * 20 + "]" * 20}
    assert tree(files)
    with pytest.raises(TemplateTooLarge, match="nesting depth"):
        tree(files, limits=TemplateLimits(max_depth=4))


def test_each_reading_of_a_file_counts_in_bytes() -> None:
    files = {"org.yaml": "- !include a.yaml\n" * 3, "a.yaml": "x" * 100}
    assert tree(files, limits=SMALL) == ["x" * 100] * 3
    with pytest.raises(TemplateTooLarge, match="more than 400 bytes in all its files"):
        tree({**files, "org.yaml": "- !include a.yaml\n" * 5}, limits=SMALL)


def test_the_number_of_readings_is_limited() -> None:
    limits = TemplateLimits(max_nodes=10)
    files = {"org.yaml": "- !include a.yaml\n" * limits.max_file_reads, "a.yaml": "1"}
    with pytest.raises(TemplateTooLarge, match="more than 2,000 files to read"):
        tree(files, limits=limits)


def test_an_anchored_include_can_be_used_again() -> None:
    assert tree({"org.yaml": "a: &x !include b.yaml\nb: *x", "b.yaml": "[1]"}) == {"a": [1], "b": [1]}


def test_an_include_needs_files_around_it() -> None:
    assert problems(data, "a: !include b.yaml") == ["1 a: !include needs a directory or a zip"]


@pytest.mark.parametrize("name", ["org.yaml", "org.yml", "org.json"])
def test_a_directory_begins_with_its_org_file(name: str) -> None:
    assert tree({name: '{"a": 1}'}) == {"a": 1}


def test_a_directory_without_an_org_file_is_an_error() -> None:
    assert problems(tree, {"a.yaml": "a: 1"}) == ["there is no org.yaml at the top"]


@pytest.mark.parametrize(
    ("folder", "reference", "path"),
    [("", "a", "a"), ("x", "../a", "a"), ("x/y", "./../a//b", "x/a/b"), ("x", "..", ""), ("", ".", "")],
)
def test_a_path_is_relative_to_its_folder(folder: str, reference: str, path: str) -> None:
    assert resolve(folder, reference) == path


# Uploads


@pytest.mark.parametrize("name", ["a.yaml", "A.YML", "C:\\x\\a.yaml"])
def test_an_uploaded_file_is_what_its_ending_says(name: str) -> None:
    assert read_upload(name, b"a: 1", TemplateLimits()).document.data == {"a": 1}


def test_an_uploaded_file_is_named_in_its_problems() -> None:
    assert problems(read_upload, "x/team.json", b'{"a": 1,}', TemplateLimits())[0].startswith(
        "team.json:1 not valid JSON"
    )


@pytest.mark.parametrize("name", ["", "a", "yaml", "a.txt", "a.yaml.exe", ".zipp"])
def test_any_other_ending_is_not_supported(name: str) -> None:
    with pytest.raises(UnsupportedTemplateFile, match=r"none of \.yaml"):
        read_upload(name, b"a: 1", TemplateLimits())


# Whatever comes in


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    # JSON's own escapes cover every character; the two that no database stores are refused elsewhere
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs", "Cc"])), inner),
    max_leaves=20,
)


@given(plain.filter(lambda value: value is not None), st.booleans())
def test_json_reads_as_the_standard_library_reads_it(value: Any, ascii_only: bool) -> None:
    assert data(json.dumps(value, ensure_ascii=ascii_only), format="json") == value


PIECES = [*"abn01.-:,?!&*#|>'\"%@`[]{}<~ \n\t\\", "- ", ": ", "\n  ", "!include ", "*a", "&a ", "<<", "b.yaml"]
YAMLISH = st.lists(st.sampled_from(PIECES)).map("".join)


@given(st.one_of(st.binary(), st.text().map(str.encode), YAMLISH.map(str.encode)))
def test_no_bytes_raise_anything_but_our_errors(raw: bytes) -> None:
    for read in (
        lambda: read_inline(raw, format="yaml", limits=SMALL),
        lambda: read_inline(raw, format="json", limits=SMALL),
        lambda: read_object(raw, SMALL),
        lambda: read_upload("a.zip", raw, SMALL),
        lambda: read_tree(MemoryFiles({"org.yaml": raw, "a": raw, "b.yaml": b"1"}), SMALL),
    ):
        with suppress(OrgError):
            read()


@contextmanager
def without_libyaml() -> Iterator[None]:
    """What machines have that lack the C library: PyYAML's loader in Python."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_events, "_Loader", yaml.SafeLoader)
        yield


def test_without_libyaml_the_same_is_read() -> None:
    text = "a: &x {b: no, c: [017, ! 1, 'q']}\nd: *x\ne: |\n  text\n  more\nf:\n- - 1\n"
    read = {"b": "no", "c": [17, "1", "q"]}
    with without_libyaml():
        assert data(text) == {"a": read, "d": read, "e": "text\nmore\n", "f": [[1]]}


@pytest.mark.parametrize(
    ("text", "line"), [("a: 1\nb: [", 2), ("a: 1\nb: \x07", 2), ("a: b: c", 1), ("a: 1\n\tb: 2", 2)]
)
def test_without_libyaml_problems_have_their_line_too(text: str, line: int) -> None:
    with without_libyaml():
        assert problems(data, text)[0].startswith(f"{line} not valid YAML")


@given(YAMLISH)
def test_without_libyaml_no_text_raises_anything_but_our_errors(text: str) -> None:
    with without_libyaml(), suppress(OrgError):
        data(text, limits=SMALL)
