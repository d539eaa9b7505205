"""The files of a folder that a plan changes, drops or adds: a workspace has its files as one value, a digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice

from django.template.defaultfilters import filesizeformat

from workspaces.core.changes import Change
from workspaces.core.filesets import FolderFiles
from workspaces.core.planning.field_diff import FieldDiff
from workspaces.models import FileSet

MOST = 40  # folders that are read for one page

Folders = Mapping[str, FolderFiles]
"""Digest → files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileChange:
    """One file, its size on both sides; `dropped`: it stays in the volume, and is no longer listed."""

    path: str
    live: str
    wanted: str

    @property
    def dropped(self) -> bool:
        return self.wanted == "–"


def read_folders(diffs: Iterable[FieldDiff]) -> Folders:
    """The folders that these differences are about. One query; none where no files differ."""
    changes = chain.from_iterable((*diff.changes, *diff.drift, *diff.conflicts) for diff in diffs)
    sides = chain.from_iterable((each["from"], each["to"]) for each in changes if each["field"] == "files")
    wanted = list(islice(dict.fromkeys(digest for digest in sides if digest), MOST))
    rows = FileSet.objects.filter(pk__one_of=wanted).values_list("pk", "content") if wanted else ()
    return {digest: FolderFiles.from_tar(bytes(content)) for digest, content in rows}


def file_changes(change: Change, folders: Folders) -> Iterator[FileChange]:
    """The files that differ; none if a side is not stored any more."""
    live, wanted = (_files(change[side], folders) for side in ("from", "to"))
    if live is None or wanted is None:
        return
    for path in dict.fromkeys((*wanted, *live)):
        if live.get(path) != wanted.get(path):
            yield FileChange(path=path, live=_size(live.get(path)), wanted=_size(wanted.get(path)))


def _files(digest: str, folders: Folders) -> dict[str, bytes] | None:
    if not digest:
        return {}
    return dict(folders[digest].files) if digest in folders else None


def _size(content: bytes | None) -> str:
    return "–" if content is None else filesizeformat(len(content))
