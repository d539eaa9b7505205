"""The files of a folder as one value: its digest, its tar, and what two sets must differ in."""

from __future__ import annotations

import io
import tarfile

import pytest

from workspaces.core.filesets import FolderFiles, tar_listing

FILES = {"b/c.md": b"see", "a.md": b"ay", "empty": b"", f"{'long/' * 30}é.bin": bytes(range(256))}


def test_the_order_in_which_files_are_given_does_not_matter() -> None:
    there, back = FolderFiles.of(FILES), FolderFiles.of(dict(reversed(FILES.items())))
    assert (there, there.digest, there.to_tar()) == (back, back.digest, back.to_tar())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": b"x"}, {"a": b"y"}),
        ({"a": b"x"}, {"b": b"x"}),
        ({"a": b"x"}, {"a": b"x", "b": b""}),
        ({"a": b"", "b": b""}, {"a": b"b"}),
        ({"ab": b"c"}, {"a": b"bc"}),
        ({"a": b"\0\0\0\0\0\0\0\1b\0\0\0\0\0\0\0\0"}, {"a": b"", "b": b""}),
    ],
)
def test_different_files_have_different_digests(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    assert FolderFiles.of(one).digest != FolderFiles.of(other).digest


def test_the_digest_is_the_same_in_every_version_of_this_program() -> None:
    assert FolderFiles.of({"a.md": b"ay"}).digest == (
        "b0017712dc6bad1f9f15fe07868f889a97cc674c83d353383f2d154ef6935741"
    )


def test_a_tar_gives_back_what_went_in() -> None:
    files = FolderFiles.of(FILES)
    assert FolderFiles.from_tar(files.to_tar()) == files
    assert tar_listing(files.to_tar()) == [(path, len(content)) for path, content in files.files]


def test_every_entry_of_a_tar_is_a_plain_file_or_folder_of_nobody_and_no_time() -> None:
    with tarfile.open(fileobj=io.BytesIO(FolderFiles.of(FILES).to_tar())) as archive:
        facts = {(each.type, each.mode, each.uid, each.gid, each.uname, each.gname, each.mtime) for each in archive}
    nobody = (0, 0, "", "", 0)
    assert facts == {(tarfile.REGTYPE, 0o644, *nobody), (tarfile.DIRTYPE, 0o755, *nobody)}


def test_a_folder_comes_before_what_is_in_it() -> None:
    with tarfile.open(fileobj=io.BytesIO(FolderFiles.of({"a/b/c.md": b"", "a.md": b""}).to_tar())) as archive:
        assert archive.getnames() == ["a", "a/b", "a.md", "a/b/c.md"]
