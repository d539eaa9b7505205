"""A workspace's `files_dir`: which folder it means, and the files that lie there."""

from __future__ import annotations

from workspaces.core.checks import Checks
from workspaces.core.files import Unreadable, resolve
from workspaces.core.filesets import FileSet
from workspaces.core.problems import Path, clip
from workspaces.core.reading import NEEDS_FILES


def files_folder(checks: Checks, files_dir: object, path: Path) -> str | None:
    """The folder a workspace's files lie in; "" for the root, None (and a problem noted) where it is no inner path."""
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
        checks.notices.say(f"`files_dir` {NEEDS_FILES} and is left empty", path)
    elif not checks.files.is_dir(folder):
        checks.notices.say("`files_dir` is no folder of the template", path)
    return folder


def files_digest(checks: Checks, folder: str | None, path: Path) -> str:
    """The digest of all files below `folder`, "" where there are none. Raises `TemplateTooLarge`.

    A folder is read once, however many workspaces name it; so what is wrong in it is noted once, for the first of them.
    """
    if folder is None or checks.files is None or not checks.files.is_dir(folder):
        return ""
    if folder not in checks.filesets:
        checks.filesets[folder] = _read(checks, folder, path)
    fileset = checks.filesets[folder]
    return fileset.digest if fileset.files else ""


def _read(checks: Checks, folder: str, path: Path) -> FileSet:
    where, start = folder, len(folder) + 1 if folder else 0
    files: dict[str, bytes] = {}
    try:
        for where in checks.walk(folder, path):
            checks.contents[where] = files[where[start:]] = checks.read(where, path)
    except Unreadable as error:
        checks.problem(path, f"{clip(where or '.', 200)} {error}")
        return FileSet(files=())
    return FileSet.of(files)
