"""Templates on the disk: what is read, and what stays out of reach."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.texts import problems
from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.files import OverBudget, Unreadable
from workspaces.core.reading.reader import read_object
from workspaces.errors import TemplateNotFound, TemplateTooLarge, UnsupportedTemplateFile
from workspaces.services.templates.directories import DirectoryFiles
from workspaces.services.templates.directory_list import TemplateDirectory, find_directory, list_directories
from workspaces.services.templates.loader import TemplateLoader, known_zones

LIMITS = TemplateLimits()
LOADER = TemplateLoader(limits=LIMITS)
ORG = "name: Dev team\ndescription: d\nworkspaces:\n- {name: PM, files_dir: pm, initial_prompt_file: start.md}\n"


@pytest.fixture
def root(tmp_path: Path, settings: Any) -> Path:
    """A template's directory, in the folder of templates."""
    settings.ORGSITE_TEMPLATES_DIR = tmp_path
    (tmp_path / "dev" / "pm").mkdir(parents=True)
    (tmp_path / "dev" / "org.yaml").write_text(ORG)
    (tmp_path / "dev" / "pm" / "start.md").write_text("Go")
    return tmp_path / "dev"


def test_a_directory_loads_with_its_name_and_digest(root: Path) -> None:
    loaded = LOADER.directory(root)
    assert (loaded.source, loaded.files, loaded.template.name) == ("dev", 2, "Dev team")
    assert loaded.template.workspaces[0].spec["initial_prompt"] == "Go"
    assert not loaded.template.warnings


def test_the_digest_changes_with_any_file_that_is_read(root: Path) -> None:
    before = LOADER.directory(root).sha256
    (root / "other.md").write_text("unread")
    assert LOADER.directory(root).sha256 == before
    (root / "pm" / "start.md").write_text("Stop")
    assert LOADER.directory(root).sha256 != before


def test_problems_of_a_directory_name_file_and_line(root: Path) -> None:
    (root / "pm" / "start.md").unlink()
    assert problems(LOADER.directory, root) == [
        "org.yaml:4 workspaces[0].initial_prompt_file: the prompt file start.md: pm/start.md does not exist"
    ]


def test_a_symbolic_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("SECRET")
    (root / "pm" / "start.md").unlink()
    (root / "pm" / "start.md").symlink_to(tmp_path / "secret")
    assert "symbolic links are not followed" in problems(LOADER.directory, root)[0]


def test_a_linked_folder_is_no_folder(root: Path) -> None:
    (root / "pm").rename(root / "real")
    (root / "pm").symlink_to(root / "real")
    (problem,) = problems(LOADER.directory, root)
    assert "symbolic links are not followed" in problem
    assert not DirectoryFiles(root).is_dir("pm")


def test_a_linked_org_file_is_none(root: Path) -> None:
    (root / "org.yaml").rename(root / "real.yaml")
    (root / "org.yaml").symlink_to(root / "real.yaml")
    assert problems(LOADER.directory, root) == ["there is no org.yaml at the top"]


def test_the_directory_itself_may_be_reached_by_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert LOADER.directory(tmp_path / "link").source == "dev"


def test_what_is_no_plain_file_is_not_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        for name in ("pipe", "socket", "pm", "org.yaml/x", "no", "x" * 300, "a\0b"):
            with pytest.raises(Unreadable):
                DirectoryFiles(root).read(name, limit=10)
            assert not DirectoryFiles(root).is_file(name)


def test_a_folder_is_listed_with_hidden_files_and_without_links_leftovers_and_what_is_no_plain_file(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / "pm")
    for name in ("b", ".git", "b/.cache"):
        Path(name).mkdir()
    for name in ("b/x", "b/a", ".env", ".git/config", "b/.cache/y"):
        Path(name).touch()
    Path("link.md").symlink_to("start.md")
    Path("up").symlink_to("..")
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        found = DirectoryFiles(root).walk("pm", limit=100)
        everything = DirectoryFiles(root).walk("", limit=100)
    assert found.files == ["pm/.env", "pm/b/.cache/y", "pm/b/a", "pm/b/x", "pm/start.md"]
    assert everything.files == ["org.yaml", *found.files]
    assert {path: why.name for path, why in found.left_out} == {
        "pm/.git": "LEFTOVER", "pm/link.md": "LINK", "pm/up": "LINK", "pm/pipe": "SPECIAL", "pm/socket": "SPECIAL",
    }  # fmt: skip


def test_a_folder_reached_by_a_link_is_not_listed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").touch()
    (root / "link").symlink_to(tmp_path / "secret")
    for folder in ("link", "pm/start.md", "no"):
        with pytest.raises(Unreadable):
            DirectoryFiles(root).walk(folder, limit=10)


def test_a_link_among_the_files_of_a_workspace_is_left_out(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("SECRET")
    (root / "pm" / "key").symlink_to(tmp_path / "secret")
    (files,) = LOADER.directory(root).template.filesets.values()
    assert files.files == (("start.md", b"Go"),)


def test_a_folder_of_more_entries_than_may_be_looked_at_is_refused(root: Path) -> None:
    for number in range(10):
        (root / "pm" / f".{number}").touch()
    assert len(DirectoryFiles(root).walk("pm", limit=11).files) == 11
    with pytest.raises(OverBudget):
        DirectoryFiles(root).walk("pm", limit=10)


def test_a_name_that_is_no_text_is_a_problem_of_the_folder(root: Path) -> None:
    os.close(os.open(os.fsencode(root) + b"/pm/\xff", os.O_CREAT))
    assert problems(LOADER.directory, root) == [
        "org.yaml:4 workspaces[0].files_dir: pm holds '\\udcff', which has a name that is no UTF-8 text"
    ]


def test_a_file_is_read_up_to_its_limit_only(root: Path) -> None:
    with (root / "org.yaml").open("wb") as file:
        file.truncate(10_000_000_000)
    with pytest.raises(TemplateTooLarge, match="more than 12,582,912 bytes"):
        LOADER.directory(root)


def test_no_descriptor_stays_open(root: Path) -> None:
    files = DirectoryFiles(root)
    before = len([*Path("/proc/self/fd").iterdir()])
    for name in ("org.yaml", "no", "pm/start.md", "pm/no/x", "pm"):
        files.is_file(name)
        files.is_dir(name)
        with suppress(Unreadable, OverBudget):
            files.walk(name, limit=0)
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def test_a_template_is_opened_by_its_plain_name(root: Path, tmp_path: Path) -> None:
    assert find_directory("dev") == root


@pytest.mark.parametrize(
    "name", ["", ".", "..", "no", "dev/", "dev/pm", "../dev", "/", "dev\0", "file", "link", ".hidden"]
)
def test_any_other_name_is_not_found(name: str, root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(root)
    (tmp_path / ".hidden").mkdir()
    with pytest.raises(TemplateNotFound, match="There is no template directory"):
        find_directory(name)


def test_the_list_tells_what_each_directory_holds_or_why_it_does_not_load(root: Path, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "org.yaml").write_text("name: x\nworkspaces: [{tier: 9}]")
    (tmp_path / "empty").mkdir()
    (tmp_path / "note.txt").touch()
    assert list_directories(LOADER) == [
        TemplateDirectory(
            dir="bad", error="org.yaml:2 workspaces[0].tier: must be an integer from 1 to 4 (and 1 more)."
        ),
        TemplateDirectory(dir="dev", name="Dev team", description="d", workspaces=1),
        TemplateDirectory(dir="empty", error="there is no org.yaml at the top."),
    ]


def test_without_the_directory_the_list_is_empty(tmp_path: Path, settings: Any) -> None:
    settings.ORGSITE_TEMPLATES_DIR = tmp_path / "no"
    assert list_directories(LOADER) == []


def test_a_name_that_is_no_text_is_not_listed(root: Path, tmp_path: Path) -> None:
    os.mkdir(os.fsencode(tmp_path) + b"/\xff")  # noqa: PTH102  (pathlib takes no bytes)
    assert [found.dir for found in list_directories(LOADER)] == ["dev"]


def test_an_inline_template_has_no_source() -> None:
    loaded = LOADER.text(b"name: Dev team", format="yaml")
    assert (loaded.source, loaded.files, len(loaded.sha256)) == ("", 1, 64)


def test_a_part_of_a_request_loads_with_its_own_lines_and_paths() -> None:
    body = b'{"mode": "",\n "template": {"name": "x",\n "workspaces": [{"name": "PM", "tier": 9}]}}'
    document = read_object(body, LIMITS).child("template")
    assert problems(LOADER.document, document) == ["3 workspaces[0].tier: must be an integer from 1 to 4"]


def test_an_upload_is_called_by_its_files_name() -> None:
    loaded = LOADER.upload("C:\\dev\\team.yaml", b"name: Dev team\nworkspaces: [{name: PM}]")
    assert (loaded.source, loaded.template.workspaces[0].place) == ("team.yaml", "team.yaml:2")
    assert len(LOADER.upload("\n" * 300 + ".yaml", b"name: x").source) <= 255


def test_a_path_is_a_directory_or_a_file(root: Path) -> None:
    assert LOADER.path(root).source == "dev"
    assert problems(LOADER.path, root / "org.yaml")[0].endswith("needs a directory or a zip")
    with pytest.raises(UnsupportedTemplateFile):
        LOADER.path(root / "pm" / "start.md")
    with pytest.raises(TemplateNotFound, match="can't be read"):
        LOADER.path(root / "no.yaml")


def test_the_time_zones_are_those_of_the_iana_database() -> None:
    assert {"UTC", "Europe/Berlin", "America/New_York"} <= known_zones()
    assert "localtime" not in known_zones()
