"""A workspace's `files_dir`: the folder that it names, and the files in it."""

from __future__ import annotations

from lib.text import clip
from workspaces.core.filesets import OWN_FOLDER, FolderFiles
from workspaces.core.problems import Path
from workspaces.core.reading.files import Unreadable, resolve
from workspaces.core.reading.leftovers import may_hold_secret
from workspaces.core.reading.reader import NEEDS_FILES
from workspaces.core.validating.validation_context import Checks


def files_folder(checks: Checks, files_dir: object, path: Path) -> str | None:
    """The folder of a workspace's files; "" is the root, None (with a problem added) if it leads outside."""
    if files_dir is None:
        return ""
    if not isinstance(files_dir, str):
        return None
    try:
        folder = resolve("", files_dir)
    except ValueError as error:
        checks.problem(path, str(error))
        return None
    if checks.files is None:
        checks.notices.add(f"`files_dir` {NEEDS_FILES} and is left empty", path)
    elif not checks.files.is_dir(folder):
        checks.notices.add("`files_dir` is no folder of the template", path)
    return folder


def files_digest(checks: Checks, folder: str | None, path: Path) -> str:
    """The digest of all files below `folder`, "" if there are none. Raises `TemplateTooLarge`.

    A folder is read once for all workspaces that name it, so its problems are reported once, for the first of them.
    """
    if folder is None or checks.files is None or not checks.files.is_dir(folder):
        return ""
    if folder not in checks.filesets:
        checks.filesets[folder] = _read(checks, folder, path)
    fileset = checks.filesets[folder]
    return fileset.digest if fileset.files else ""


def _read(checks: Checks, folder: str, path: Path) -> FolderFiles:
    where, start = folder, len(folder) + 1 if folder else 0
    files: dict[str, bytes] = {}
    try:
        found = checks.walk(folder, path)
        for where in found.files:
            if _is_included(checks, where, where[start:], path):
                checks.contents[where] = files[where[start:]] = checks.read(where, path)
    except Unreadable as error:
        checks.problem(path, f"{clip(where or '.', 200)} {error}")
        return FolderFiles(files=())
    for where, why in found.left_out:
        checks.notices.add(f"not among the files of a workspace, because it {why}", path, about=where)
    return FolderFiles.of(files)


def _is_included(checks: Checks, file: str, inner: str, path: Path) -> bool:
    """Whether the file (`inner`: its path below the folder) goes into the volume: OWN_FOLDER there is the site's."""
    if inner.partition("/")[0] == OWN_FOLDER:
        checks.notices.add(
            f"not among the files of a workspace, because {OWN_FOLDER} is the site's own", path, about=file
        )
        return False
    if may_hold_secret(inner):
        checks.notices.add("may hold a secret; it goes into the database and the workspace's volume", path, about=file)
    return True
