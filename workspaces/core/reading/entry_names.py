"""Names of a template's files: those of a zip's entries, leftovers of tools, and files that may hold secrets."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib

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
