"""`files_dir`: what of a folder comes with a workspace, how often it is read, and what it may cost."""

from __future__ import annotations

import json

import pytest

from tests.texts import ZONES, MemoryFiles, directory, problems
from tests.zips import loaded_zip, packed
from workspaces.core.filesets import FolderFiles
from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.files import FoundFile, path_fault
from workspaces.core.reading.reader import read_tree
from workspaces.core.template import Template
from workspaces.core.validating.validation import validate
from workspaces.errors import TemplateTooLarge
from workspaces.services.templates.loader import TemplateLoader

ONE = "name: x\nworkspaces:\n- {name: PM, files_dir: pm, initial_prompt_file: start.md}\n"
FILES: dict[str, str | bytes] = {
    "org.yaml": ONE, "pm/start.md": "Go", "pm/deep/logo.png": b"\x89\0", "pmx": "no", "pm.md": "no", "other/a": "no",
}  # fmt: skip
FOLDER = FolderFiles.of({"start.md": b"Go", "deep/logo.png": b"\x89\0"})


class Reads(MemoryFiles):
    """Counts what is read and listed."""

    def __init__(self, files: dict[str, str | bytes]) -> None:
        super().__init__(files)
        self.seen: list[str] = []

    def read(self, path: str, *, limit: int) -> bytes:
        self.seen.append(path)
        return super().read(path, limit=limit)

    def walk(self, folder: str, *, limit: int) -> FoundFile:
        self.seen.append(f"{folder}/")
        return super().walk(folder, limit=limit)


def read(files: MemoryFiles) -> Template:
    source = read_tree(files, TemplateLimits())
    return validate(source.document, files=source.files, limits=TemplateLimits(), zones=ZONES)


def test_a_workspace_comes_with_all_files_below_its_folder_and_no_others() -> None:
    template = directory(FILES)
    assert template.filesets == {FOLDER.digest: FOLDER}
    assert template.workspaces[0].files == FOLDER.digest
    assert template.files() == {FOLDER.digest}


def test_a_zip_gives_the_same_files_as_a_directory() -> None:
    nested = {f"dev team/{name}": content for name, content in FILES.items()}
    noise = {"dev team/pm/.DS_Store": "x", "dev team/pm/.git/config": "x", "__MACOSX/dev team/pm/._a": "x"}
    for zipped in (FILES, {**nested, **noise}):
        assert loaded_zip(zipped).template.filesets == directory(FILES).filesets


def test_without_a_folder_or_with_an_empty_one_there_are_no_files() -> None:
    org = "name: x\nworkspaces: [{name: a}, {name: b, files_dir: no}, {name: c, files_dir: empty}]"
    template = loaded_zip({"org.yaml": org, "empty/": "", "empty/.keep": ""}).template
    assert [node.files for node in template.workspaces] == ["", "", ""]
    assert not template.filesets


def test_the_root_is_a_folder_too_and_included_files_are_files_like_any_other() -> None:
    org = "name: x\nworkspaces: [!include pm.yaml]"
    template = directory({"org.yaml": org, "pm.yaml": "name: PM\nfiles_dir: .", "a/b": "c"})
    (files,) = template.filesets.values()
    assert [path for path, _ in files.files] == ["a/b", "org.yaml", "pm.yaml"]


def test_a_folder_that_64_workspaces_share_is_read_once() -> None:
    nodes = ", ".join(f"{{name: w{n}, files_dir: ./pm/, initial_prompt_file: start.md}}" for n in range(64))
    files = Reads({**FILES, "org.yaml": f"name: x\nworkspaces: [{nodes}]"})
    template = read(files)
    assert {node.files for node in template.workspaces} == {FOLDER.digest}
    assert files.seen == ["org.yaml", "pm/", "pm/deep/logo.png", "pm/start.md"]


def test_a_prompt_file_in_the_folder_counts_once() -> None:
    files = {"org.yaml": ONE, "pm/start.md": "x" * 1_500}
    assert directory(files, limits=TemplateLimits(max_bytes=1_600)).workspaces[0].spec["initial_prompt"] == "x" * 1_500


def test_more_bytes_than_allowed_are_too_large_at_the_folder_that_brings_them() -> None:
    files = {**FILES, "pm/big": bytes(3_000)}
    with pytest.raises(TemplateTooLarge, match="more than 3,000 bytes in all its files") as error:
        directory(files, limits=TemplateLimits(max_bytes=3_000))
    (problem,) = error.value.problems
    assert (problem.path, problem.file, problem.line) == ("workspaces[0].files_dir", "org.yaml", 3)


def test_nested_folders_count_every_file_as_often_as_it_is_kept() -> None:
    org = "name: x\nworkspaces: [{name: a, files_dir: a}, {name: b, files_dir: a/b}]"
    files = {"org.yaml": org, "a/b/c": "x" * 1_500}
    with pytest.raises(TemplateTooLarge) as error:
        directory(files, limits=TemplateLimits(max_bytes=3_000))
    assert error.value.problems[0].path == "workspaces[1].files_dir"


def test_more_files_than_may_be_read_are_too_large() -> None:
    many = {f"pm/{number}": b"" for number in range(2_000)}
    with pytest.raises(TemplateTooLarge, match="more than 2,000 files to read") as error:
        directory({**FILES, **many}, limits=TemplateLimits(max_nodes=10))
    assert error.value.problems[0].path == "workspaces[0].files_dir"


def test_a_changed_file_changes_the_templates_digest() -> None:
    changed = {**FILES, "pm/deep/logo.png": b"\x89\1"}
    assert directory(FILES).digest != directory(changed).digest
    assert directory(FILES).digest == directory({**FILES, "other/a": "changed"}).digest


def test_contents_are_no_part_of_the_json_and_the_digests_are() -> None:
    template = directory(FILES)
    stored = Template.from_json(json.loads(json.dumps(template.to_json())))
    assert stored == template
    assert (stored.files(), stored.filesets) == ({FOLDER.digest}, {})


def test_a_file_that_cannot_be_unpacked_is_told_once_for_all_that_share_it() -> None:
    org = "name: x\nworkspaces: [{name: a, files_dir: pm}, {name: b, files_dir: pm}]"
    zipped = packed({"org.yaml": org, "pm/a": "content"}, method=0).replace(b"content", b"damaged", 1)
    (problem,) = problems(TemplateLoader(limits=TemplateLimits()).upload, "dev.zip", zipped)
    assert problem.startswith("org.yaml:2 workspaces[0].files_dir: pm/a can't be unpacked")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("d/" * 33 + "a", "32 folders deep"), ("ä" * 200, "255 bytes"), (f"{'x' * 250}/" * 5, "1,024 characters"),
        ("a\udc80", "no UTF-8 text"), ("d/" * 32 + "a", ""), ("x" * 255, ""),
    ],
)  # fmt: skip
def test_a_path_that_not_every_disk_holds_is_refused(path: str, why: str) -> None:
    assert why in path_fault(path) if why else not path_fault(path)


def test_a_zip_with_such_a_path_is_refused_unless_it_is_hidden() -> None:
    deep = "d/" * 33 + "a"
    (problem,) = problems(loaded_zip, {**FILES, deep: ""})
    assert problem.endswith("the entry lies more than 32 folders deep")
    assert loaded_zip({**FILES, f".git/{deep}": ""}).template.count() == 1


def test_a_zip_in_which_a_file_is_a_folder_too_is_refused() -> None:
    assert problems(loaded_zip, {**FILES, "pm/start.md/x": ""}) == [
        "pm/start.md the entry is a file, and a folder to others"
    ]
