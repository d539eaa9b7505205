"""A zip of a template's directory, read from memory: never unpacked to a disk, and no header is trusted."""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from lib.text import clip
from workspaces.core.limits import OF_BYTES, TemplateLimits
from workspaces.core.names import unseen
from workspaces.core.reading.files import (
    FoundFile,
    LeftOut,
    Missing,
    OverBudget,
    Unreadable,
    composed,
    entry_name,
    folder_of,
    is_leftover,
    path_fault,
    topmost_leftover,
)
from workspaces.errors import Problem, TemplateInvalid, TemplateTooLarge

MAX_ENTRIES = 2_000
MAX_HEADERS = 20_000
"""Of all entries, leftovers included (no other limit counts those): each costs memory before its name is known."""
MAX_RATIO = 200
FREE_BYTES = 1024 * 1024
"""A small archive of very repetitive text may unpack to this size at any ratio."""

MAX_EXTRA = 4_096

_HEADER = b"PK\x01\x02"  # of an entry in the central directory
_EXTRA_LENGTH = 30  # the offset in it of the length of the extra field
_CHUNK = 64 * 1024
# Not bz2 and lzma: they unpack a few kilobytes to hundreds of megabytes in a single step.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # traditional encryption, strong encryption, masked headers
_ARCHIVES = (".zip", ".jar", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".lzma", ".zst", ".7z", ".rar")
_AFTER_SLASH = chr(ord("/") + 1)
_PLAIN_TYPES = frozenset({0, stat.S_IFREG, stat.S_IFDIR})
# The exceptions that the zipfile module raises for damaged archives
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


class _Entry(NamedTuple):
    info: zipfile.ZipInfo
    path: str
    is_folder: bool


class ZipFiles:
    """`Files` in a zip: the template is at its top, or in a single top folder."""

    def __init__(self, data: bytes, *, limits: TemplateLimits) -> None:
        """Raises `TemplateInvalid` or `TemplateTooLarge` if the archive itself is not acceptable."""
        _check_headers(data)
        self._archive, everything = _open(data)
        entries = [entry for entry in everything if not is_leftover(entry.path)]
        if len(entries) > MAX_ENTRIES:
            raise _too_large(f"the zip has more than {MAX_ENTRIES:,} entries; a directory on the server may have more")
        _check_ratio(entries, packed=len(data), limits=limits)
        self._files = _by_path(entries)
        self._folders = _with_parents({entry.path for entry in entries if entry.is_folder}, self._files)
        _check_shape(self._files, self._folders)
        self._top = _common_folder(self._files)
        self._paths = sorted(self._files)
        self._left_out = sorted({topmost_leftover(entry.path) for entry in everything if is_leftover(entry.path)})

    def read(self, path: str, *, limit: int) -> bytes:
        """As `Files.read`. The limit applies to the bytes that come out: the header may lie about their number."""
        entry = self._files.get(self._top + path)
        if entry is None:
            raise Unreadable("is a folder") if self.is_dir(path) else Missing
        try:
            with self._archive.open(entry) as packed:
                return _bounded(iter(lambda: packed.read(_CHUNK), b""), limit)
        except _DAMAGED as error:
            raise Unreadable(f"can't be unpacked: {clip(str(error), 200)}") from error

    def is_file(self, path: str) -> bool:
        """As `Files.is_file`."""
        return self._top + path in self._files

    def is_dir(self, path: str) -> bool:
        """As `Files.is_dir`."""
        return (self._top + path).rstrip("/") in self._folders

    def walk(self, folder: str, *, limit: int) -> FoundFile:
        """As `Files.walk`."""
        prefix = f"{self._top}{folder}/" if folder else self._top
        files, left_out = _below(self._paths, prefix), _below(self._left_out, prefix)
        if len(files) > limit:
            raise OverBudget(f"more than {limit:,} files")
        start = len(self._top)
        return FoundFile(
            files=[path[start:] for path in files],
            left_out=[(path[start:], LeftOut.LEFTOVER) for path in left_out],
        )


def _below(paths: list[str], prefix: str) -> list[str]:
    """The sorted paths that begin with `prefix`, a slice of them."""
    first = bisect_left(paths, prefix)
    last = bisect_left(paths, f"{prefix[:-1]}{_AFTER_SLASH}") if prefix else len(paths)
    return paths[first:last]


def _check_headers(data: bytes) -> None:
    """Refuse a zip whose central directory would keep the zipfile module busy for long."""
    if data.count(_HEADER) > MAX_HEADERS:
        raise _too_large(f"the zip has more than {MAX_HEADERS:,} entries, with what packers leave")
    for header in re.finditer(re.escape(_HEADER), data):
        length = data[header.start() + _EXTRA_LENGTH : header.start() + _EXTRA_LENGTH + 2]
        if int.from_bytes(length, "little") > MAX_EXTRA:
            raise _invalid(f"an entry of the zip has an extra field of more than {MAX_EXTRA:,} bytes")


def _open(data: bytes) -> tuple[zipfile.ZipFile, list[_Entry]]:
    """All entries with their paths. Raises `TemplateInvalid` for a path that no honest archive has."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        return archive, [_entry(info) for info in archive.infolist()]
    except _DAMAGED as error:
        raise _invalid(f"not a readable zip: {clip(str(error), 200)}") from error


def _entry(info: zipfile.ZipInfo) -> _Entry:
    name = entry_name(info)
    if "\0" in info.orig_filename or "\0" in name or "\\" in name:
        raise _refused(name, "has a NUL or a backslash in its name")
    if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
        raise _refused(name, "leads outside the template")
    path = "/".join(part for part in composed(name).split("/") if part not in ("", "."))
    return _Entry(info, path, name.endswith("/"))


def _check_ratio(entries: list[_Entry], *, packed: int, limits: TemplateLimits) -> None:
    """Refuse a zip that announces far more than its own size (a zip bomb), before anything is unpacked."""
    unpacked = sum(entry.info.file_size for entry in entries)
    if unpacked > max(FREE_BYTES, limits.max_bytes, MAX_RATIO * packed):
        raise _too_large(
            f"the zip unpacks to more than {MAX_RATIO} times its size and {limits.max_bytes:,} bytes {OF_BYTES}"
        )


def _by_path(entries: list[_Entry]) -> dict[str, zipfile.ZipInfo]:
    """The files by path. Raises `TemplateInvalid` for an entry that no honest archive has."""
    files: dict[str, zipfile.ZipInfo] = {}
    paths_by_fold: dict[str, str] = {}
    for info, path, is_folder in entries:
        problem = _fault(info) or _twin_fault(path, paths_by_fold.get(_folded(path))) or _name_fault(path)
        if problem:
            raise _refused(path, problem)
        paths_by_fold[_folded(path)] = path
        if path and not is_folder:
            files[path] = info
    return files


def _check_shape(files: Iterable[str], folders: frozenset[str]) -> None:
    """Refuse a zip that no folder on a disk could hold."""
    clash = next((path for path in files if path in folders), None)
    if clash:
        raise _refused(clash, "is a file, and a folder to others")


def _fault(entry: zipfile.ZipInfo) -> str:
    """The fault in how an entry is stored, "" if there is none."""
    if stat.S_IFMT(entry.external_attr >> 16) not in _PLAIN_TYPES:
        return "is neither a file nor a folder (links and devices are refused)"
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if entry.compress_type not in _METHODS:
        return "is packed by a method other than deflate"
    return ""


def _twin_fault(path: str, twin: str | None) -> str:
    """The fault of an entry whose name a case-insensitive or normalizing disk would take for its twin's, or ""."""
    if twin is None:
        return ""
    return (
        "is in the zip twice" if path == twin else f"differs from {clip(twin, 200)} in case or in accents' form alone"
    )


def _name_fault(path: str) -> str:
    """The fault in the name of a file or folder, "" if there is none."""
    if odd := unseen(path):
        return f"has {odd} in its name, which nobody sees"
    if path.lower().endswith(_ARCHIVES):
        return "is an archive itself: put its files into this one"
    return path_fault(path)


def _folded(path: str) -> str:
    return composed(composed(path).casefold())


def _with_parents(folders: set[str], files: Iterable[str]) -> frozenset[str]:
    """The folders, all folders above them, and those of the files; "" is the root."""
    found = {""}
    for path in (*folders, *(folder_of(file) for file in files)):
        parts = path.split("/")
        found.update("/".join(parts[:count]) for count in range(1, len(parts) + 1))
    return frozenset(found)


def _common_folder(files: Iterable[str]) -> str:
    """The top folder that all files share, with its slash, or ""; hidden files beside it are ignored."""
    tops = {path.partition("/")[0] if "/" in path else "" for path in files if not path.startswith(".")}
    top = tops.pop() if len(tops) == 1 else ""
    return f"{top}/" if top else ""


def _bounded(chunks: Iterable[bytes], limit: int) -> bytes:
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > limit:
            raise OverBudget(f"more than {limit:,} bytes")
    return bytes(data)


def _refused(name: str, message: str) -> TemplateInvalid:
    return _invalid(f"the entry {message}", file=clip(name, 200))


def _invalid(message: str, *, file: str = "") -> TemplateInvalid:
    return TemplateInvalid([Problem(message=message, file=file)])


def _too_large(message: str) -> TemplateTooLarge:
    return TemplateTooLarge(Problem(message=message))
