"""Zips: the honest ones are read like the directory they hold, the others are refused before anything is unpacked."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.texts import ZONES, problems
from tests.zips import packed
from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.reader import read_upload
from workspaces.core.template import Template
from workspaces.core.validating.validation import validate
from workspaces.errors import OrgError, TemplateTooLarge

ORG = "name: Dev team\nworkspaces: [{name: PM, files_dir: pm, initial_prompt_file: start.md}]\n"
FILES: dict[str, str | bytes] = {"org.yaml": ORG, "pm/start.md": "Go"}


def load(data: bytes, *, limits: TemplateLimits | None = None) -> Template:
    limits = limits or TemplateLimits()
    source = read_upload("dev.zip", data, limits)
    return validate(source.document, files=source.files, limits=limits, zones=ZONES)


def mode(bits: int) -> Callable[[zipfile.ZipInfo], Any]:
    return lambda entry: setattr(entry, "external_attr", bits << 16)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_is_read_like_the_directory_it_holds(method: int) -> None:
    template = load(packed(FILES, method=method))
    assert template.workspaces[0].spec["initial_prompt"] == "Go"
    assert template.workspaces[0].place == "org.yaml:2"
    assert not template.warnings


def test_the_template_may_lie_in_the_one_folder_that_holds_everything() -> None:
    files = {f"dev team/{name}": content for name, content in FILES.items()}
    assert load(packed({"dev team/": "", **files})).workspaces[0].spec["initial_prompt"] == "Go"


def test_with_two_folders_at_the_top_there_is_no_one_folder() -> None:
    files = {"a/org.yaml": ORG, "b/x": ""}
    assert problems(load, packed(files)) == ["there is no org.yaml at the top"]


def test_what_systems_leave_in_zips_is_ignored() -> None:
    files = {f"dev/{name}": content for name, content in FILES.items()}
    noise = {"__MACOSX/dev/._org.yaml": "x", "dev/.DS_Store": "x", ".git/config": "x", "dev/.env": "SECRET=1"}
    assert load(packed({**files, **noise})).count() == 1


def test_a_hidden_file_stays_unread_even_if_named() -> None:
    text = ORG.replace("start.md", "../.env")
    assert "hidden files" in problems(load, packed({**FILES, "org.yaml": text, ".env": "SECRET=1"}))[0]


def test_a_folder_counts_with_and_without_an_entry_of_its_own() -> None:
    org = (
        "name: x\nworkspaces: [{name: a, files_dir: empty}, {name: b, files_dir: full/inner}, {name: c, files_dir: no}]"
    )
    warnings = load(packed({"org.yaml": org, "empty/": "", "full/inner/x": ""})).warnings
    assert warnings == ("`files_dir` is no folder of the template: workspaces[2].files_dir (org.yaml:2)",)


@pytest.mark.parametrize(
    "name", ["../org.yaml", "a/../../b", "/etc/passwd", "a\\b", "C:/b", "C:b", "..", "__MACOSX/../../b", "b\\..\\c"]
)
def test_an_entry_that_leads_elsewhere_is_refused(name: str) -> None:
    (problem,) = problems(load, packed({**FILES, name: "x"}))
    assert "leads outside the template" in problem or "backslash" in problem


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_links_and_devices_are_refused(kind: int) -> None:
    assert "links and devices are refused" in problems(load, packed(FILES, change=mode(kind | 0o644)))[0]


def test_plain_files_with_unix_modes_pass() -> None:
    assert load(packed(FILES, change=mode(stat.S_IFREG | 0o644))).count() == 1


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("twin", ["org.yaml", "./org.yaml", "pm/./../pm/start.md"])
def test_an_entry_that_is_there_twice_is_refused(twin: str) -> None:
    buffer = io.BytesIO(packed(FILES))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(twin, "x")
    (problem,) = problems(load, buffer.getvalue())
    assert "twice" in problem or "outside" in problem


def test_an_encrypted_entry_is_refused() -> None:
    data = bytearray(packed(FILES))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(signature) + offset] |= 1
    assert problems(load, bytes(data)) == ["org.yaml the entry is encrypted"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_only_stored_and_deflated_entries_are_read(method: int) -> None:
    assert "a method other than deflate" in problems(load, packed(FILES, method=method))[0]


def test_too_many_entries_are_too_large() -> None:
    many = {f"f{number}": b"" for number in range(1_998)}
    assert load(packed({**FILES, **many})).count() == 1
    with pytest.raises(TemplateTooLarge, match="more than 2,000 entries"):
        load(packed({**FILES, **many, "one more": ""}))


def test_a_zip_that_announces_too_much_is_too_large() -> None:
    with pytest.raises(TemplateTooLarge, match="more than 200 times its size"):
        load(packed({**FILES, "zeros": bytes(20_000_000)}))


def test_what_comes_out_is_counted() -> None:
    limits = TemplateLimits(max_bytes=2_000)
    files = {**FILES, "pm/start.md": "x" * 1_900}
    assert load(packed(files), limits=limits).count() == 1
    with pytest.raises(TemplateTooLarge, match="more than 2,000 bytes in all its files") as error:
        load(packed({**files, "pm/start.md": "x" * 2_000}), limits=limits)
    assert error.value.problems[0].path == "workspaces[0].files_dir"


def test_a_header_that_lies_about_the_size_does_not_help() -> None:
    data = packed({**FILES, "pm/start.md": "x" * 100_000})
    entry = zipfile.ZipFile(io.BytesIO(data)).getinfo("pm/start.md")
    lie = data.replace(entry.file_size.to_bytes(4, "little"), (10).to_bytes(4, "little"))
    folder, prompt = problems(load, lie)
    assert folder.startswith("org.yaml:2 workspaces[0].files_dir: pm/start.md can't be unpacked")
    assert prompt.startswith(
        "org.yaml:2 workspaces[0].initial_prompt_file: the prompt file start.md: pm/start.md can't be unpacked"
    )


def test_the_archive_itself_is_limited() -> None:
    data = packed(FILES)
    with pytest.raises(TemplateTooLarge, match="more than 100 bytes"):
        load(data, limits=TemplateLimits(max_bytes=100))


@pytest.mark.parametrize("twin", ["PM/Start.md", "pm/START.MD"])
def test_names_that_one_disk_tells_apart_and_another_does_not_are_refused(twin: str) -> None:
    (problem,) = problems(load, packed({**FILES, twin: "Stop"}))
    assert "in case or in accents' form alone" in problem


@pytest.mark.parametrize(("name", "odd"), [("a\x1bb", "U+001B"), ("\u202egpj.exe", "U+202E"), ("a\u200bb", "U+200B")])
def test_a_name_that_nobody_can_read_is_refused(name: str, odd: str) -> None:
    (problem,) = problems(load, packed({**FILES, f"pm/{name}": "x"}))
    assert odd in problem


def test_a_zip_in_a_zip_is_no_folder() -> None:
    (problem,) = problems(load, packed({"inner.zip": packed(FILES)}))
    assert problem == "inner.zip the entry is an archive itself: put its files into this one"


@pytest.mark.parametrize("data", [b"", b"PK", b"name: x", b"PK\x05\x06" + bytes(18), packed(FILES)[:-30]])
def test_what_is_no_zip_is_refused(data: bytes) -> None:
    (problem,) = problems(load, data)
    assert "not a readable zip" in problem or "no org.yaml" in problem


def test_a_damaged_entry_is_refused() -> None:
    data = packed(FILES, method=zipfile.ZIP_STORED).replace(b"Dev team", b"Dev bean", 1)
    assert "org.yaml can't be unpacked" in problems(load, data)[0]


GOOD = packed({**FILES, "a/b": "x" * 50})


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_damage_raises_anything_but_our_errors(changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for position, value in changes:
        data[position] = value
    with suppress(OrgError):
        load(bytes(data))
