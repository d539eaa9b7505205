"""A template's directory on the server. No link leads to anything outside of it.

Links are resolved here, one component at a time, and only while they stay below the root. Some have to be followed:
Kubernetes mounts a ConfigMap as `org.yaml` → `..data/org.yaml` and `..data` → `..2026_11_29_20_13_00.1234`, and
replaces the latter atomically on a change.

Danger: links can change between a check and its use. So each component is opened with O_NOFOLLOW relative to its
parent's descriptor; never check a path and then open it by its name.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lib.text import clip
from workspaces.core.reading.files import (
    FoundFile,
    LeftOut,
    Missing,
    OverBudget,
    Unreadable,
    composed,
    is_leftover,
    path_fault,
)

MAX_LINKS = 8
"""Links on the way to one file."""

_STEP = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a named pipe would wait for its other end.
_FILE = _STEP | os.O_NONBLOCK
_FOLDER = _STEP | os.O_DIRECTORY
_LINKED = (errno.ELOOP, errno.ENOTDIR)  # errors of opening a link with O_NOFOLLOW


class DirectoryFiles:
    """`Files` in a directory. Only plain files are read."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._spellings: dict[str, dict[str, str]] = {}  # folder → name as paths have it → name on the disk

    def read(self, path: str, *, limit: int) -> bytes:
        """As `Files.read`."""
        try:
            with self._opened(path) as descriptor:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise Unreadable("is not a plain file")
                return _bounded(descriptor, limit)
        except (OSError, ValueError) as error:
            raise _translated(error) from error

    def is_file(self, path: str) -> bool:
        """As `Files.is_file`."""
        return stat.S_ISREG(self._mode(path))

    def is_dir(self, path: str) -> bool:
        """As `Files.is_dir`."""
        return stat.S_ISDIR(self._mode(path))

    def walk(self, folder: str, *, limit: int) -> FoundFile:
        """As `Files.walk`."""
        files: list[str] = []
        left_out: list[tuple[str, LeftOut]] = []
        waiting, count = [folder], 0
        while waiting:
            here = waiting.pop()
            for name, kind in self._entries(here, limit - count):
                count += kind is not LeftOut.LEFTOVER
                path = f"{here}/{name}" if here else name
                if kind is None or isinstance(kind, LeftOut):
                    left_out += [(path, kind)] if kind else []
                else:
                    _check_path(here, path)
                    (files if stat.S_ISREG(kind) else waiting).append(path)
        return FoundFile(files=sorted(files), left_out=sorted(left_out))

    def _entries(self, folder: str, limit: int) -> list[tuple[str, int | LeftOut | None]]:
        """Each entry of the folder: its name, and its mode or why it is left out; None for the parts of a mount."""
        try:
            with self._opened(folder) as descriptor, os.scandir(descriptor) as listed:
                entries, count = [], 0
                for entry in listed:
                    kind = self._kind(entry, folder, descriptor)
                    entries.append((composed(entry.name), kind))
                    count += kind is not LeftOut.LEFTOVER
                    if count > limit:
                        raise OverBudget(f"more than {limit:,} files")
        except OSError as error:
            raise _translated(error) from error
        _check_twins([name for name, _ in entries])
        return entries

    def _kind(self, entry: os.DirEntry[str], folder: str, descriptor: int) -> int | LeftOut | None:
        if is_leftover(entry.name):
            return LeftOut.LEFTOVER
        if is_mount(entry.name) and not entry.is_file(follow_symlinks=False):
            return None
        if entry.is_symlink():
            if not is_mounted(os.readlink(entry.name, dir_fd=descriptor)):
                return LeftOut.LINK
            mode = self._mode(f"{folder}/{entry.name}" if folder else entry.name)
        else:
            mode = entry.stat(follow_symlinks=False).st_mode
        return mode if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else LeftOut.SPECIAL

    def _mode(self, path: str) -> int:
        try:
            with self._opened(path) as descriptor:
                return os.fstat(descriptor).st_mode
        except (OSError, ValueError, Unreadable):
            return 0

    @contextmanager
    def _opened(self, path: str) -> Iterator[int]:
        """A descriptor of `path`. Raises OSError, or `Unreadable` for links that are not followed."""
        descriptor = self._open(path)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _open(self, path: str) -> int:
        parts = path.split("/") if path else []
        for _ in range(MAX_LINKS + 1):
            reached = self._walk_to(parts)
            if isinstance(reached, int):
                return reached
            parts = reached
        raise Unreadable("can't be read: it is a link to a link to a link, without end")

    def _walk_to(self, parts: list[str]) -> int | list[str]:
        """A descriptor of the path; or, at the first link in it, the components of the path with the link resolved."""
        current = os.open(self._root, _FOLDER)  # from here on only O_NOFOLLOW and `dir_fd`: no race with links
        try:
            for index, part in enumerate(parts):
                flags = _FILE if index == len(parts) - 1 else _FOLDER
                step = self._step(current, part, folder="/".join(parts[:index]), flags=flags)
                if isinstance(step, str):
                    instead = [*_inside(parts[:index], part, step), *parts[index + 1 :]]
                    os.close(current)
                    return instead
                current = _replace(current, step)
        except (OSError, ValueError, Unreadable):
            os.close(current)
            raise
        return current

    def _step(self, current: int, name: str, *, folder: str, flags: int) -> int | str:
        """A descriptor of the entry, or its target if it is a link."""
        try:
            return os.open(name, flags, dir_fd=current)
        except FileNotFoundError:
            spelled = self._spelling(current, folder).get(name, name)
            if spelled == name:
                raise
            return self._step(current, spelled, folder=folder, flags=flags)
        except OSError as error:
            target = _target(name, current) if error.errno in _LINKED else None
            if target is None:
                raise
            return target

    def _spelling(self, current: int, folder: str) -> dict[str, str]:
        """The names of the folder as paths have them (NFC) → as the disk has them. Read once."""
        if folder not in self._spellings:
            names = os.listdir(current)
            _check_twins(map(composed, names))
            self._spellings[folder] = {composed(name): name for name in names}
        return self._spellings[folder]


def is_mount(name: str) -> bool:
    """Whether the name is of a mounted volume's versions: `..data`, `..2026_11_29_20_13_00.1234`."""
    return name.startswith("..") and name != ".."


def is_mounted(target: str) -> bool:
    """Whether a link with this target shows a file or folder of a mounted volume in its own folder."""
    first, *others = target.split("/")
    return is_mount(first) and ".." not in others


def _target(name: str, folder: int) -> str | None:
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError:
        return None


def _inside(folder: list[str], name: str, target: str) -> list[str]:
    """The components that the link `name` in `folder` stands for.

    Raises `Unreadable` if they leave the root, or lead to something hidden under a name other than the link's.
    """
    reached = list(folder)
    for part in target.split("/")[target.startswith("/") :]:
        if target.startswith("/") or (part == ".." and not reached):
            raise Unreadable("can't be read (symbolic links are not followed out of the template)")
        if part.startswith(".") and part not in (".", "..", name) and not is_mount(part):
            raise Unreadable("can't be read (symbolic links to hidden files are not followed)")
        if part == "..":
            reached.pop()
        elif part not in ("", "."):
            reached.append(part)
    return reached


def _check_path(folder: str, path: str) -> None:
    """Raise `Unreadable` for a path that cannot be unpacked on every system."""
    if fault := path_fault(path):
        name = path[len(folder) :].lstrip("/")
        raise Unreadable(f"holds {clip(ascii(name), 100)}, which {fault}")


def _check_twins(names: Iterator[str] | list[str]) -> None:
    """Raise `Unreadable` if two names are equal in NFC."""
    known: set[str] = set()
    for name in names:
        if name in known:
            raise Unreadable(f"holds {clip(name, 100)} twice, in two forms of its accents")
        known.add(name)


def _replace(old: int, new: int) -> int:
    os.close(old)
    return new


def _bounded(descriptor: int, limit: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OverBudget(f"more than {limit:,} bytes")
    return data


def _translated(error: Exception) -> Unreadable:
    if isinstance(error, FileNotFoundError):
        return Missing()
    return Unreadable(f"can't be read: {getattr(error, 'strerror', None) or error}")
