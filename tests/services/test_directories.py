"""Directories on the server: names in any form, mounted volumes, and links that lead nowhere else."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tests.texts import problems
from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.files import Unreadable
from workspaces.errors import TemplateNotFound
from workspaces.services.templates.directories import DirectoryFiles
from workspaces.services.templates.directory_list import find_directory, list_directories
from workspaces.services.templates.loader import TemplateLoader

LIMITS = TemplateLimits()
LOADER = TemplateLoader(limits=LIMITS)
ORG = "name: Dev team\nworkspaces:\n- {name: PM, files_dir: pm, initial_prompt_file: start.md}\n"
NFC, NFD = (unicodedata.normalize(form, "Büro") for form in ("NFC", "NFD"))


@pytest.fixture(autouse=True)
def templates_dir(tmp_path: Path, settings: Any) -> None:
    settings.ORGSITE_TEMPLATES_DIR = tmp_path


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def mount(volume: Path, files: dict[str, str], *, version: str = "..2026_11_29_20_13_00.1") -> Path:
    """A folder as Kubernetes mounts a ConfigMap: a version behind `..data`, and a link for each name at its top."""
    write(volume / version, files)
    (volume / "..new").symlink_to(version)
    (volume / "..new").rename(volume / "..data")
    for name in {name.split("/")[0] for name in files}:
        if not (volume / name).is_symlink():
            (volume / name).symlink_to(f"..data/{name}")
    return volume


def test_a_mounted_volume_is_a_template(tmp_path: Path) -> None:
    files = {"org.yaml": ORG, "pm/start.md": "Go", "pm/.mcp.json": "{}"}
    mounted = LOADER.directory(mount(tmp_path / "mounted", files))
    plain = LOADER.directory(write(tmp_path / "plain", files))
    assert mounted.template.digest == plain.template.digest
    assert mounted.sha256 == plain.sha256
    assert not mounted.template.warnings


def test_all_files_of_a_mounted_volume_come_along_and_its_versions_do_not(tmp_path: Path) -> None:
    org = "name: x\nworkspaces: [{name: a, files_dir: .}]"
    root = mount(tmp_path / "v", {"org.yaml": org, "deep/x": "1", ".mcp.json": "2"})
    template = LOADER.directory(root).template
    (found,) = template.filesets.values()
    assert [path for path, _ in found.files] == [".mcp.json", "deep/x", "org.yaml"]
    assert not template.warnings


def test_a_new_version_of_a_mounted_volume_is_another_template(tmp_path: Path) -> None:
    root = mount(tmp_path / "v", {"org.yaml": ORG, "pm/start.md": "Go"})
    before = LOADER.directory(root).template.digest
    mount(root, {"org.yaml": ORG, "pm/start.md": "Stop"}, version="..2026_11_30.2")
    assert LOADER.directory(root).template.digest != before


def test_a_directory_in_a_mounted_volume_is_listed_and_opened(tmp_path: Path) -> None:
    mount(tmp_path, {"dev/org.yaml": ORG, "dev/pm/start.md": "Go"})
    assert [(each.dir, each.error) for each in list_directories(LOADER)] == [("dev", "")]
    assert LOADER.directory(find_directory("dev")).source == "dev"


def test_a_link_that_stays_inside_is_followed_where_it_is_named(tmp_path: Path) -> None:
    root = write(tmp_path, {"real.yaml": ORG, "shared/pm/real.md": "Go"})
    (root / "org.yaml").symlink_to("real.yaml")
    (root / "pm").symlink_to("shared/../shared/pm")
    (root / "shared/pm/start.md").symlink_to("../pm/real.md")
    template = LOADER.directory(root).template
    assert template.workspaces[0].spec["initial_prompt"] == "Go"
    assert [path for path, _ in next(iter(template.filesets.values())).files] == ["real.md"]
    assert template.warnings == (
        "not among the files of a workspace, because it is a symbolic link: pm/start.md in "
        "workspaces[0].files_dir (org.yaml:3)",
    )


@pytest.mark.parametrize(
    "target",
    [
        "/etc/passwd", "../secret", "../../secret", "..data/../../secret", "..data/out", "..data/abs", "./../secret",
        "pm/../../secret", "..", "loop", "pm/.env", ".env", "..data/.git/config", "no",
    ],
)  # fmt: skip
def test_a_link_that_leads_outside_or_to_something_hidden_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "secret").write_text("SECRET")
    root = write(
        tmp_path / "dev", {"org.yaml": "name: x", "pm/.env": "SECRET", ".env": "SECRET", "..1/.git/config": "x"}
    )
    (root / "..data").symlink_to("..1")
    (root / "..1/out").symlink_to("../../secret")
    (root / "..1/abs").symlink_to(tmp_path / "secret")
    (root / "loop").symlink_to("loop")
    (root / "link").symlink_to(target)
    files = DirectoryFiles(root)
    assert not files.is_file("link")
    with pytest.raises(Unreadable):
        files.read("link", limit=100)
    with pytest.raises(Unreadable):
        files.walk("link", limit=100)


def test_a_link_to_a_directory_elsewhere_is_no_template(tmp_path: Path, settings: Any) -> None:
    write(tmp_path / "elsewhere", {"org.yaml": "name: x"})
    templates = settings.ORGSITE_TEMPLATES_DIR = write(tmp_path / "templates", {"dev/org.yaml": "name: x"})
    for name, target in {"a": "../elsewhere", "b": str(tmp_path / "elsewhere"), "c": "..data/../../elsewhere"}.items():
        (templates / name).symlink_to(target)
        with pytest.raises(TemplateNotFound):
            find_directory(name)
    assert [each.dir for each in list_directories(LOADER)] == ["dev"]


@pytest.mark.parametrize("on_disk", [NFC, NFD])
@pytest.mark.parametrize("named", [NFC, NFD])
def test_names_are_compared_in_one_form(tmp_path: Path, on_disk: str, named: str) -> None:
    org = f"name: x\nworkspaces: [!include {named}/{named}.yaml]"
    node = f"{{name: A, files_dir: {named}, initial_prompt_file: {named}.md}}"
    inner = f"{on_disk}/{on_disk}"
    write(tmp_path / on_disk, {"org.yaml": org, f"{inner}.yaml": node, f"{inner}.md": "Go"})
    template = LOADER.directory(find_directory(named)).template
    assert template.workspaces[0].spec["initial_prompt"] == "Go"
    assert [path for path, _ in next(iter(template.filesets.values())).files] == [f"{NFC}.md", f"{NFC}.yaml"]
    assert [each.dir for each in list_directories(LOADER)] == [NFC]


def test_two_names_that_become_one_are_a_problem(tmp_path: Path) -> None:
    root = write(tmp_path, {"org.yaml": ORG, "pm/start.md": "Go", f"pm/{NFC}": "a", f"pm/{NFD}": "b"})
    (problem,) = problems(LOADER.directory, root)
    assert problem.endswith(f"pm holds {NFC} twice, in two forms of its accents")


def test_no_descriptor_stays_open_after_links(tmp_path: Path) -> None:
    root = mount(tmp_path / "v", {"org.yaml": ORG, "pm/start.md": "Go"})
    (root / "out").symlink_to("../secret")
    (root / "loop").symlink_to("loop")
    before = len([*Path("/proc/self/fd").iterdir()])
    for name in ("org.yaml", "pm/start.md", "out", "loop", "loop/x", "no/x", "org.yaml/x", NFD):
        DirectoryFiles(root).is_file(name)
        DirectoryFiles(root).is_dir(name)
    assert len([*Path("/proc/self/fd").iterdir()]) == before
