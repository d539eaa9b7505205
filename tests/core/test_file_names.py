"""Names of files: in whatever form a system writes them, they are compared in one."""

from __future__ import annotations

import io
import unicodedata
import zipfile

import pytest

from tests.texts import ZONES, directory, problems
from tests.zips import from_a_mac, packed, raw_zip, unicode_path
from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.files import entry_name
from workspaces.core.reading.reader import read_upload
from workspaces.core.template import Template
from workspaces.core.validating.validation import validate

NFD = unicodedata.normalize("NFD", "Büro")
ORG = """name: x
workspaces:
- !include leute/müller.yaml
- {name: B, files_dir: Büro, schedules: [{name: a, cron_expr: "0 0 * * *", prompt_file: täglich.md}]}
"""
FILES = {
    "org.yaml": ORG, "leute/müller.yaml": "{name: A, files_dir: ./Büro/, initial_prompt_file: übung.md}",
    "Büro/übung.md": "Go", "Büro/täglich.md": "Look", "Büro/tief/naïve café.txt": "é",
}  # fmt: skip


def load(data: bytes) -> Template:
    source = read_upload("dev.zip", data, TemplateLimits())
    return validate(source.document, files=source.files, limits=TemplateLimits(), zones=ZONES)


def test_a_zip_from_a_mac_is_the_template_that_it_looks_like() -> None:
    mac, plain = load(from_a_mac(FILES)), load(packed(FILES))
    assert mac.digest == plain.digest == directory(dict(FILES)).digest
    assert mac.workspaces[0].spec["initial_prompt"] == "Go"
    assert mac.workspaces[1].schedules[0].prompt == "Look"
    assert not mac.warnings


def test_so_it_is_within_one_folder_and_with_what_finder_leaves() -> None:
    files = {f"Träume/{name}": text for name, text in FILES.items()}
    noise = {"__MACOSX/Träume/._org.yaml": "x", "Träume/.DS_Store": "x", "Thumbs.db": "x", "Träume/._Büro": "x"}
    assert load(from_a_mac({**files, **noise})).digest == load(packed(FILES)).digest


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_template_may_name_a_file_in_any_form(form: str) -> None:
    org = unicodedata.normalize(form, ORG)  # type: ignore[arg-type]
    found, usual = load(packed({**FILES, "org.yaml": org})), load(packed(FILES))
    assert [node.files for node in found.walk()] == [node.files for node in usual.walk()]
    assert found.workspaces[1].schedules == usual.workspaces[1].schedules


def test_a_name_in_another_character_set_is_read_by_the_field_beside_it() -> None:
    raw = "B\u00fcro/\u00fcbung.md".encode("latin-1")
    org = b"name: x\nworkspaces: [{name: A, files_dir: B\xc3\xbcro, initial_prompt_file: \xc3\xbcbung.md}]"
    data = raw_zip([(b"org.yaml", org, b""), (raw, b"Go", unicode_path(raw, "Büro/übung.md"))])
    assert load(data).workspaces[0].spec["initial_prompt"] == "Go"


@pytest.mark.parametrize(
    ("raw", "extra", "name"),
    [
        (b"a\x81b", b"", "aüb"),
        ("aüb".encode(), b"", "aüb"),
        (b"a\x81b", unicode_path(b"other", "wrong"), "aüb"),
        (b"a\x81b", unicode_path(b"a\x81b", "wrong", version=2), "aüb"),
        (b"a\x81b", b"\x99\x99\x02\x00xx" + unicode_path(b"a\x81b", "ä"), "ä"),
        (b"a\x81b", b"\x75\x70\x00\x00", "aüb"),
    ],
)
def test_a_name_without_a_flag_is_utf_8_or_else_code_page_437(raw: bytes, extra: bytes, name: str) -> None:
    (info,) = zipfile.ZipFile(io.BytesIO(raw_zip([(raw, b"", extra)]))).infolist()
    assert entry_name(info) == name


@pytest.mark.parametrize("name", ["../x", "/x", "C:x", "a\\b"])
def test_the_field_beside_a_name_leads_nowhere_either(name: str) -> None:
    data = raw_zip([(b"org.yaml", b"name: x", b""), (b"\x81", b"", unicode_path(b"\x81", name))])
    (problem,) = problems(load, data)
    assert "leads outside" in problem or "backslash" in problem


def test_two_names_that_become_one_are_refused() -> None:
    (problem,) = problems(load, packed({**FILES, f"{NFD}/übung.md": "Stop"}))
    assert "twice" in problem


def test_an_extra_field_without_end_is_refused_at_once() -> None:
    data = raw_zip([(b"org.yaml", b"name: x", b"\x99\x99\x00\x00" * 16_000)] * 50)
    assert problems(load, data) == ["an entry of the zip has an extra field of more than 4,096 bytes"]


def test_hidden_files_come_along() -> None:
    hidden = {".mcp.json": "{}", ".claude/settings.json": "{}", ".gitignore": "x"}
    files = {"org.yaml": "name: x\nworkspaces: [{name: A, files_dir: a}]", ".github/x": "y"}
    files |= {f"a/{name}": text for name, text in hidden.items()}
    inside = {f"top/{name}": text for name, text in files.items()}
    for template in (directory(dict(files)), load(packed(files)), load(packed({**inside, ".vscode/x": "y"}))):
        (found,) = template.filesets.values()
        assert [path for path, _ in found.files] == sorted(hidden)
        assert not template.warnings


LEFTOVERS = [
    ".git/config", ".git", ".DS_Store", "__MACOSX/._x", "._x", "deep/.svn/entries", "Thumbs.db", "Desktop.ini",
    ".gitkeep",
]  # fmt: skip
SECRETS = [".env", ".env.local", "deep/.env", "id_rsa", "tls.key", ".ssh/config", ".netrc", ".npmrc"]


@pytest.mark.parametrize("name", LEFTOVERS)
def test_what_packers_and_version_control_leave_does_not_with_a_warning(name: str) -> None:
    org = "name: x\nworkspaces: [{name: A, files_dir: a}]"
    template = load(packed({"org.yaml": org, "a/b": "c", f"a/{name}": "x"}))
    (found,) = template.filesets.values()
    assert [path for path, _ in found.files] == ["b"]
    (warning,) = template.warnings
    assert "it is what packers or version control leave: a/" in warning


def test_leftovers_count_for_no_limit() -> None:
    noise = {f".git/objects/{number}": bytes(10) for number in range(4_000)}
    assert load(packed({**FILES, **noise, ".git/big": bytes(30_000_000)})).digest == load(packed(FILES)).digest


@pytest.mark.parametrize("name", SECRETS)
def test_what_may_hold_a_secret_comes_along_with_a_warning(name: str) -> None:
    template = load(packed({"org.yaml": "name: x\nworkspaces: [{name: A, files_dir: a}]", f"a/{name}": "x"}))
    assert [path for path, _ in next(iter(template.filesets.values())).files] == [name]
    assert template.warnings == (
        f"may hold a secret; it goes into the database and the workspace's volume: a/{name} in "
        "workspaces[0].files_dir (org.yaml:2)",
    )


@pytest.mark.parametrize("name", [".env.example", "env", ".environment", "monkey", "keys.md"])
def test_an_example_is_no_secret(name: str) -> None:
    assert not load(packed({"org.yaml": "name: x\nworkspaces: [{name: A, files_dir: a}]", f"a/{name}": "x"})).warnings


def test_the_folder_of_the_site_itself_is_left_out() -> None:
    org = "name: x\nworkspaces: [{name: A, files_dir: a}]"
    template = load(packed({"org.yaml": org, "a/.orgsite/workspace.json": "{}", "a/b/.orgsite/x": "y"}))
    (found,) = template.filesets.values()
    assert [path for path, _ in found.files] == ["b/.orgsite/x"]
    assert ".orgsite is the site's own: a/.orgsite/workspace.json" in template.warnings[0]
