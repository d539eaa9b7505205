"""Zip archives made in memory, valid and damaged ones."""

from __future__ import annotations

import io
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping

from workspaces.core.limits import TemplateLimits
from workspaces.services.templates.loader import LoadedTemplate, TemplateLoader


def packed(
    files: Mapping[str, str | bytes],
    *,
    method: int = zipfile.ZIP_DEFLATED,
    change: Callable[[zipfile.ZipInfo], object] = lambda entry: None,
) -> bytes:
    """A zip of `files`; `change` may spoil each entry before it is written."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = method
            change(entry)
            archive.writestr(entry, content)
    return buffer.getvalue()


def raw_zip(entries: Iterable[tuple[bytes, bytes, bytes]]) -> bytes:
    """A zip of stored entries with these very names, no flag, and these extra fields: name, content, extra."""
    files, table, count = b"", b"", 0
    for name, content, extra in entries:
        count += 1
        sizes = struct.pack("<3I2H", zlib.crc32(content), len(content), len(content), len(name), len(extra))
        kind = struct.pack("<5H", 20, 0, 0, 0, 33)  # version, flags, method, time, date
        table += b"PK\x01\x02" + struct.pack("<H", 20) + kind + sizes
        table += struct.pack("<3H2I", 0, 0, 0, 0, len(files)) + name + extra
        files += b"PK\x03\x04" + kind + sizes + name + extra + content
    return files + table + b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, count, count, len(table), len(files), 0)


def from_a_mac(files: Mapping[str, str]) -> bytes:
    """A zip as Finder makes it: names decomposed, in UTF-8 without the flag."""
    named = {unicodedata.normalize("NFD", name).encode(): text.encode() for name, text in files.items()}
    return raw_zip((name, content, b"") for name, content in named.items())


def unicode_path(raw: bytes, name: str, *, version: int = 1) -> bytes:
    """Info-ZIP's extra field: the name in UTF-8 beside one in another character set."""
    content = struct.pack("<BI", version, zlib.crc32(raw)) + name.encode()
    return struct.pack("<HH", 0x7075, len(content)) + content


def loaded_zip(files: Mapping[str, str | bytes]) -> LoadedTemplate:
    """The template in a zip of `files`, as an upload of `dev.zip`."""
    return TemplateLoader(limits=TemplateLimits()).upload("dev.zip", packed(files))


def team(**contents: str) -> LoadedTemplate:
    """One workspace for each keyword, with one file of that content in a folder of its own."""
    nodes = ", ".join(f"{{name: {name}, files_dir: {name}}}" for name in contents)
    files = {f"{name}/notes.md": content for name, content in contents.items()}
    return loaded_zip({"org.yaml": f"name: Dev team\nworkspaces: [{nodes}]", **files})
