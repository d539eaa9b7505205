"""The files of a template: the protocol that reading needs, the rules for paths and names, a budget."""

from __future__ import annotations

import hashlib
import re
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from workspaces.core.limits import OF_BYTES, OF_NODES, TemplateLimits

MAX_PATH = 1024
MAX_FOLDERS = 32
MAX_NAME = 255


class Unreadable(Exception):
    """The file cannot be read; `str()` completes a sentence that begins with its name."""


class Missing(Unreadable):
    """The file does not exist."""

    def __init__(self) -> None:
        super().__init__("does not exist")


class OverBudget(Exception):
    """The file exceeds what may still be read; `str()` names the limit."""


class LeftOut(StrEnum):
    """The reason why an entry of a folder is left out; the value completes a sentence about it."""

    LEFTOVER = "is what packers or version control leave"
    LINK = "is a symbolic link"
    SPECIAL = "is neither a file nor a folder"


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundFile:
    """The contents of a folder: the paths of all plain files, sorted, and the entries that are left out."""

    files: list[str]
    left_out: list[tuple[str, LeftOut]]


class Files(Protocol):
    """A template's files. Paths are relative to its root, with `/`, in Unicode's composed form (NFC) even if the disk
    or archive has another, and come from `resolve` or from `walk`.
    """

    def read(self, path: str, *, limit: int) -> bytes:
        """The whole file. Raises `Missing`, `Unreadable`, or `OverBudget` if it is longer than `limit` bytes."""

    def is_file(self, path: str) -> bool:
        """Whether `path` is a regular file."""

    def is_dir(self, path: str) -> bool:
        """Whether `path` is a folder; "" is the root."""

    def walk(self, folder: str, *, limit: int) -> FoundFile:
        """Everything below `folder`, hidden files too.

        Raises `Unreadable`, or `OverBudget` for more than `limit` entries.
        """


def composed(path: str) -> str:
    """The path in the form in which paths are compared (NFC): systems differ in how they encode an accent."""
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def resolve(folder: str, reference: str) -> str:
    """The path that `reference`, written in `folder`, stands for; "" is the root.

    Raises `ValueError` if it leaves the root, names a hidden file or is not a plain path. Hidden files are refused
    because people keep their `.env` in a template's folder.
    """
    if not reference or len(reference) > MAX_PATH or "\0" in reference:
        raise ValueError(f"a path must have 1 to {MAX_PATH:,} characters and no U+0000")
    if reference.startswith("/") or "\\" in reference:
        raise ValueError("a path must be relative and written with `/`")
    parts = folder.split("/") if folder else []
    for part in composed(reference).split("/"):
        _step(parts, part)
    return "/".join(parts)


def _step(parts: list[str], part: str) -> None:
    if part in ("", "."):
        return
    if part == "..":
        if not parts:
            raise ValueError("the path leads outside the template")
        parts.pop()
    elif part.startswith("."):
        raise ValueError("hidden files and folders are not read by their name, they come along with a `files_dir`")
    else:
        parts.append(part)


def path_fault(path: str) -> str:
    """The reason why this path cannot be unpacked on every system, "" if it can; completes a sentence about it."""
    try:
        names = path.encode().split(b"/")
    except UnicodeEncodeError:
        return "has a name that is no UTF-8 text"
    if len(path) > MAX_PATH:
        return f"has a path of more than {MAX_PATH:,} characters"
    if len(names) > MAX_FOLDERS + 1:
        return f"lies more than {MAX_FOLDERS} folders deep"
    return f"has a name of more than {MAX_NAME} bytes" if max(map(len, names)) > MAX_NAME else ""


def folder_of(path: str) -> str:
    """The folder of a file; "" is the root."""
    return path.rpartition("/")[0]


class CountedFiles:
    """`files` within the limits of one template. Every read counts, also a second one of the same file."""

    def __init__(self, files: Files, *, limits: TemplateLimits) -> None:
        self._files = files
        self._limits = limits
        self._bytes_left = limits.max_bytes
        self._reads_left = limits.max_file_reads
        self._digests: dict[str, bytes] = {}

    def read(self, path: str, *, limit: int) -> bytes:
        """As `Files.read`; raises `OverBudget` too if all reads together exceed the limits."""
        self._count_reading()
        try:
            data = self._files.read(path, limit=min(limit, self._bytes_left))
        except OverBudget as error:
            raise OverBudget(f"more than {self._limits.max_bytes:,} bytes in all its files {OF_BYTES}") from error
        self._bytes_left -= len(data)
        self._digests[path] = hashlib.sha256(data).digest()
        return data

    def is_file(self, path: str) -> bool:
        """As `Files.is_file`."""
        return self._files.is_file(path)

    def is_dir(self, path: str) -> bool:
        """As `Files.is_dir`."""
        return self._files.is_dir(path)

    def walk(self, folder: str, *, limit: int) -> FoundFile:
        """As `Files.walk`; counts as one read, and lists no more files than may still be read."""
        self._count_reading()
        try:
            return self._files.walk(folder, limit=min(limit, self._reads_left))
        except OverBudget as error:
            raise self._too_many() from error

    def _count_reading(self) -> None:
        if not self._reads_left:
            raise self._too_many()
        self._reads_left -= 1

    def _too_many(self) -> OverBudget:
        return OverBudget(f"more than {self._limits.max_file_reads:,} files to read {OF_NODES}")

    @property
    def count(self) -> int:
        """The number of different files read so far."""
        return len(self._digests)

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) over the paths and contents of the files read so far, sorted by path."""
        total = hashlib.sha256()
        for path, digest in sorted(self._digests.items()):
            total.update(path.encode(errors="surrogatepass") + b"\0" + digest)
        return total.hexdigest()


# ---- The names of a zip's entries.


_IS_UTF_8 = 0x800
_UNICODE_PATH = 0x7075
_VERSION = 1


def entry_name(entry: zipfile.ZipInfo) -> str:
    """The intended name: by the flag, else by the extra field, else as UTF-8 if it is valid, else in code page 437."""
    if entry.flag_bits & _IS_UTF_8 or entry.orig_filename.isascii():
        return entry.orig_filename
    raw = entry.orig_filename.encode("cp437")
    try:
        return (_unicode_path(entry.extra, raw) or raw).decode()
    except UnicodeDecodeError:
        return entry.orig_filename


def _unicode_path(extra: bytes, raw: bytes) -> bytes:
    """The name in the extra field; b"" if there is none, or if its checksum is of another name."""
    start = 0
    while start + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, start)
        start, field = start + 4 + size, start + 4
        if kind == _UNICODE_PATH and size > 5 and start <= len(extra):
            version, checksum = struct.unpack_from("<BI", extra, field)
            if version == _VERSION and checksum == zlib.crc32(raw):
                return extra[field + 5 : start]
    return b""


# ---- Names of files to leave out of a template (leftovers of tools), and of files that may hold secrets.


_LEFTOVERS = frozenset(
    {
        ".git", ".hg", ".svn", ".bzr", ".gitkeep", ".keep", "__macosx", ".ds_store", ".appledouble", ".lsoverride",
        ".spotlight-v100", ".trashes", ".fseventsd", ".temporaryitems", "thumbs.db", "ehthumbs.db", "desktop.ini",
    }
)  # fmt: skip
_SECRET = re.compile(
    r"(?:.*/)?(?:\.env(?:\..*)?|\.envrc|\.netrc|\.pgpass|\.npmrc|\.pypirc|\.htpasswd|\.git-credentials|id_(?:rsa|dsa|ecdsa|ed25519)"
    r"|credentials(?:\.json)?|[^/]*\.(?:pem|key|p12|pfx|jks|keystore|kdbx)|\.ssh/.*|\.aws/.*|\.kube/config"
    r"|\.docker/config\.json)",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(r".*\.(?:example|sample|template|dist)", re.IGNORECASE)


def is_leftover(path: str) -> bool:
    """Whether any part of `path` is a name of files that packers, file managers or version control leave behind."""
    return any(name.startswith("._") or name.casefold() in _LEFTOVERS for name in path.split("/"))


def topmost_leftover(path: str) -> str:
    """`path` up to the first part that is a leftover: `pm/.git` of `pm/.git/objects/00`."""
    parts = path.split("/")
    first = next(index for index, name in enumerate(parts) if is_leftover(name))
    return "/".join(parts[: first + 1])


def may_hold_secret(path: str) -> bool:
    """Whether people usually keep passwords or keys in a file of this path, such as `.env`."""
    return bool(_SECRET.fullmatch(path)) and not _EXAMPLE.fullmatch(path)
