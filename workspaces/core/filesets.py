"""The files of one folder as a value, with a digest, stored as a deterministic tar."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

OWN_FOLDER = ".orgsite"
"""The folder in a config volume for files that the site generates; a template's files never go there."""


@dataclass(frozen=True, kw_only=True)
class FolderFiles:
    """Paths relative to the folder, each with its content, sorted by path."""

    files: tuple[tuple[str, bytes], ...]

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> FolderFiles:
        """The set of these files, in any order."""
        return cls(files=tuple(sorted(files.items())))

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over paths and contents, each preceded by its length, so that no two sets collide."""
        total = hashlib.sha256()
        for path, content in self.files:
            for part in (path.encode(), content):
                total.update(len(part).to_bytes(8, "big") + part)
        return total.hexdigest()

    def to_tar(self) -> bytes:
        """An uncompressed tar: plain files, readable by everybody, of user 0 and time 0."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for folder in _folders(path for path, _ in self.files):
                entry = tarfile.TarInfo(folder)  # without this entry the umask at unpacking decides the permissions
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(entry)
            for path, content in self.files:
                entry = tarfile.TarInfo(path)
                entry.mode, entry.size = 0o644, len(content)
                archive.addfile(entry, io.BytesIO(content))
        return buffer.getvalue()

    @classmethod
    def from_tar(cls, data: bytes) -> FolderFiles:
        """The set that `to_tar` was called on."""
        # Danger: no limits and no checks of names. Only for tars made by `to_tar`, never for one from a client.
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            opened = ((entry.name, archive.extractfile(entry)) for entry in archive)
            return cls(files=tuple((path, file.read()) for path, file in opened if file))


def tar_listing(data: bytes) -> list[tuple[str, int]]:
    """Path and size (bytes) of each file in a tar made by `to_tar`."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        return [(entry.name, entry.size) for entry in archive if entry.isfile()]


def _folders(paths: Iterable[str]) -> list[str]:
    """All folders above the paths, parents first."""
    found: set[str] = set()
    for path in paths:
        parts = path.split("/")[:-1]
        found.update("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    return sorted(found)
