"""Names of a zip's entries.

A flag says that a name is UTF-8. Without it the standard says code page 437, and the zipfile module decodes it so; but
Finder, and Info-ZIP on most systems, write UTF-8 without the flag. Info-ZIP then repeats the name in an extra field.
"""

from __future__ import annotations

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
