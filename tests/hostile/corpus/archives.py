"""Hostile zips: false headers, zip bombs, and paths that lead outside."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping

from tests.hostile.corpus.cases import Document
from tests.zips import from_a_mac, packed, raw_zip, unicode_path

ORG = "name: Dev\nworkspaces: [{name: PM, files_dir: pm, initial_prompt_file: start.md}]\n"
FILES: Mapping[str, str | bytes] = {"org.yaml": ORG, "pm/start.md": "Go"}
PLAIN = packed(FILES)
LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
MEBIBYTE = 2**20
LETTERS = "abcdefghijklmnopqrstu"


def with_file(name: str, content: str | bytes = "x") -> bytes:
    return packed({**FILES, name: content})


def of_mode(bits: int) -> bytes:
    """A zip of which one entry is of that mode."""
    return packed({**FILES, "pm/odd": "/etc/passwd"}, change=lambda entry: _chmod(entry, bits))


def _chmod(entry: zipfile.ZipInfo, bits: int) -> None:
    if entry.filename == "pm/odd":
        entry.external_attr = bits << 16


def patched(offset: int, value: bytes, *, at: bytes, data: bytes = PLAIN) -> bytes:
    """The zip with some bytes of each record of that kind replaced."""
    out, position = bytearray(data), data.find(at)
    while position >= 0:
        out[position + offset : position + offset + len(value)] = value
        position = data.find(at, position + 1)
    return bytes(out)


def of_entries(count: int) -> bytes:
    return packed(
        {"org.yaml": "name: Dev", **{f"f/{number}": "" for number in range(count)}}, method=zipfile.ZIP_STORED
    )


def central_directory_alone(count: int) -> bytes:
    """Many headers without a file behind them."""
    head = struct.pack("<4s4B4HL2L5H2L", CENTRAL, 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    end = struct.pack("<4s4H2LH", END, 0, 0, count & 0xFFFF, count & 0xFFFF, len(head) * count, 0, 0)
    return head * count + end


def overlapping(count: int) -> bytes:
    """Many entries that share one file's bytes: what they unpack to together is quadratic."""
    body = zlib.compress(b"\0" * MEBIBYTE, 9)[2:-4]
    local = struct.pack("<4s5H3L2H", LOCAL, 20, 0, 8, 0, 0, zlib.crc32(b"\0" * MEBIBYTE), len(body), MEBIBYTE, 1, 0)
    data, central = local + b"a" + body, b""
    for number in range(count):
        name = f"f{number}".encode()
        sizes = (zlib.crc32(b"\0" * MEBIBYTE), len(body), MEBIBYTE, len(name), 0, 0, 0, 0, 0, 0)
        central += struct.pack("<4s4B4HL2L5H2L", CENTRAL, 20, 3, 20, 0, 0, 8, 0, 0, *sizes) + name
    return data + central + struct.pack("<4s4H2LH", END, 0, 0, count, count, len(central), len(data), 0)


def unsaid(size: int) -> bytes:
    """A file that unpacks to more than its headers say."""
    honest = packed({"org.yaml": "name: Dev\ndescription: '" + "x" * size + "'"})
    small = struct.pack("<L", 10)
    return patched(22, small, at=LOCAL, data=patched(24, small, at=CENTRAL, data=honest))


def included(texts: Mapping[str, str]) -> bytes:
    return packed({"org.yaml": "name: Dev\nx: !include a.yaml\n", **texts})


def doubled() -> bytes:
    buffer = io.BytesIO(PLAIN)
    with zipfile.ZipFile(buffer, "a") as archive, warnings.catch_warnings(action="ignore"):
        archive.writestr("org.yaml", "name: Prod")
    return buffer.getvalue()


def method(number: int) -> bytes:
    return patched(8, struct.pack("<H", number), at=LOCAL, data=patched(10, struct.pack("<H", number), at=CENTRAL))


def flag(bits: int) -> bytes:
    return patched(6, struct.pack("<H", bits), at=LOCAL, data=patched(8, struct.pack("<H", bits), at=CENTRAL))


ZERO = struct.pack("<L", 0)
HUGE = struct.pack("<L", 0xFFFFFFFE)

REFUSED: dict[str, Callable[[], bytes]] = {
    # ---- bombs
    "a bomb of zeros": lambda: with_file("pm/zeros", b"\0" * (100 * MEBIBYTE)),
    "a bomb that hides its size": lambda: unsaid(50 * MEBIBYTE),
    "a bomb of entries that overlap": lambda: overlapping(1_500),
    "a template that unpacks to too much": lambda: packed({"org.yaml": "name: Dev\n#" + "x" * (13 * MEBIBYTE)}),
    "files that are too much together": lambda: packed(
        {**FILES, **{f"pm/{n}": bytes([n]) * MEBIBYTE for n in range(14)}}
    ),
    "a zip in a zip": lambda: with_file("pm/inner.zip", PLAIN),
    "a zip in a zip in a zip": lambda: with_file("pm/a.zip", with_file("pm/b.zip", with_file("pm/c.zip", PLAIN))),
    "a tar in a zip": lambda: with_file("pm/inner.tar.gz", b"\x1f\x8b\x08"),
    "entries without end": lambda: of_entries(10_000),
    "a directory of a hundred thousand headers": lambda: central_directory_alone(100_000),
    "a YAML bomb inside": lambda: packed({"org.yaml": "[" * 100_000}),
    "includes that double": lambda: packed(
        {"org.yaml": "[!include a0.yaml]"}
        | {f"a{n}.yaml": f"[!include a{n + 1}.yaml, !include a{n + 1}.yaml]" for n in range(15)}
        | {"a15.yaml": "1"}
    ),
    "an include of itself": lambda: packed({"org.yaml": "name: Dev\nx: !include org.yaml"}),
    "includes in a ring": lambda: included({"a.yaml": "!include b.yaml", "b.yaml": "!include a.yaml"}),
    "includes without end": lambda: included({f"{c}.yaml": f"!include {chr(ord(c) + 1)}.yaml" for c in LETTERS}),
    # ---- elsewhere
    "an absolute path": lambda: with_file("/etc/cron.d/x"),
    "a path that goes up": lambda: with_file("../../etc/passwd"),
    "a path that goes up inside": lambda: with_file("pm/../../x"),
    "a path that goes up with backslashes": lambda: with_file("..\\..\\x"),
    "a drive": lambda: with_file("C:/windows/x"),
    "a share": lambda: with_file("//server/share/x"),
    "a path with a NUL": lambda: PLAIN.replace(b"pm/start.md", b"pm/sta\0t.md"),
    "a symbolic link": lambda: of_mode(stat.S_IFLNK | 0o777),
    "a device": lambda: of_mode(stat.S_IFCHR | 0o666),
    "a block device": lambda: of_mode(stat.S_IFBLK | 0o666),
    "a named pipe": lambda: of_mode(stat.S_IFIFO | 0o666),
    "a socket": lambda: of_mode(stat.S_IFSOCK | 0o666),
    "an include that goes up": lambda: packed({"org.yaml": "name: Dev\nx: !include ../../../etc/passwd.yaml"}),
    "an absolute include": lambda: packed({"org.yaml": "name: Dev\nx: !include /etc/passwd.yaml"}),
    "an include of a hidden file": lambda: packed({"org.yaml": "name: Dev\nx: !include .env.yaml", ".env.yaml": "1"}),
    "a prompt outside": lambda: packed({"org.yaml": ORG.replace("start.md", "../../secret")}),
    "a files_dir outside": lambda: packed({"org.yaml": ORG.replace("files_dir: pm", "files_dir: ../..")}),
    # ---- names
    "the same file twice": doubled,
    "two files but for upper case": lambda: with_file("PM/START.MD"),
    "two files but for an accent's form": lambda: packed({**FILES, "pm/\u00e9": "a", "pm/e\u0301": "b"}),
    "a file that is a folder": lambda: packed({**FILES, "pm/a": "x", "pm/a/b": "y"}),
    "a name of a thousand characters": lambda: with_file("pm/" + "n" * 1_000),
    "a path of two thousand characters": lambda: with_file("pm/" + "n/" * 1_000),
    "a name with a control character": lambda: with_file("pm/a\x1b[2Jb"),
    "a name that reads backwards": lambda: with_file("pm/\u202egpj.exe"),
    "a name with no width": lambda: with_file("pm/a\u200bb"),
    # ---- damage and lies
    "no zip at all": lambda: b"name: Dev",
    "nothing": lambda: b"",
    "an empty zip": lambda: packed({}),
    "nothing but the end": lambda: END + b"\0" * 18,
    "cut off in the middle": lambda: PLAIN[: len(PLAIN) // 2],
    "cut off at the end": lambda: PLAIN[:-10],
    "without its beginning": lambda: PLAIN[20:],
    "a wrong checksum": lambda: patched(14, ZERO, at=LOCAL, data=patched(16, ZERO, at=CENTRAL)),
    "encrypted": lambda: flag(1),
    "strongly encrypted": lambda: flag(0x41),
    "with masked headers": lambda: flag(0x2000),
    "patched data": lambda: flag(0x20),
    "packed by bzip2": lambda: packed(FILES, method=zipfile.ZIP_BZIP2),
    "packed by LZMA": lambda: packed(FILES, method=zipfile.ZIP_LZMA),
    "packed by nobody knows what": lambda: method(99),
    "sizes of four gigabytes": lambda: patched(24, HUGE, at=CENTRAL),
    "a size that zip64 should give": lambda: patched(24, b"\xff" * 4, at=CENTRAL),
    "an offset beyond the end": lambda: patched(42, HUGE, at=CENTRAL),
    "a directory beyond the end": lambda: patched(16, HUGE, at=END),
    "a directory of another size": lambda: patched(12, HUGE, at=END),
    "a name longer than the file": lambda: patched(28, b"\xff\xff", at=CENTRAL),
    "an extra field longer than the file": lambda: patched(30, b"\xff\xff", at=CENTRAL),
    "extra fields without end": lambda: raw_zip([(b"org.yaml", b"name: Dev", b"\x99\x99\0\0" * 16_000)] * 80),
    "headers without end": lambda: central_directory_alone(100_000),
    "a name that a field beside it leads elsewhere": lambda: raw_zip(
        [(b"org.yaml", ORG.encode(), b""), (b"\x81", b"x", unicode_path(b"\x81", "../../etc/cron.d/x"))]
    ),
    "two names that are one without their accents' form": lambda: raw_zip(
        [(b"org.yaml", ORG.encode(), b""), ("pm/é".encode(), b"x", b""), ("pm/e\u0301".encode(), b"y", b"")]
    ),
    "names of no character set": lambda: PLAIN.replace(b"pm/start.md", b"pm/\xff\xfe\xfd\xfc\xfb.md"),
    "no template inside": lambda: packed({"readme.md": "x"}),
    "a template of UTF-16": lambda: packed({"org.yaml": ORG.encode("utf-16")}),
    "a template that is a folder": lambda: packed({"org.yaml/x": "y"}),
}  # fmt: skip

HARMLESS: dict[str, Callable[[], bytes]] = {
    "what version control leaves": lambda: packed({**FILES, **{f".git/objects/{n}": "x" for n in range(4_000)}}),
    "names in UTF-8 without saying so": lambda: from_a_mac({"org.yaml": ORG, "pm/start.md": "Go", "pm/é": "x"}),
    "another disk": lambda: patched(4, b"\x05\x00", at=END),
    "a comment longer than the file": lambda: patched(20, b"\xff\xff", at=END),
    "data before its beginning": lambda: b"#!/bin/sh\nreboot\n" + PLAIN,
    "a comment of sixty kilobytes": lambda: PLAIN[:-2] + struct.pack("<H", 60_000) + b"x" * 60_000,
    "a comment that looks like an end": lambda: PLAIN[:-2] + struct.pack("<H", 4) + b"PK\x05\x07",
    "hidden files": lambda: with_file(".env", "SECRET=1"),
}

ARCHIVES = [
    Document(kind="zip", name=name, filename="dev.zip", content=make, harmless=name in HARMLESS)
    for name, make in (REFUSED | HARMLESS).items()
]
