"""Zips made in memory, honest ones and others."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping

from workspaces.core.limits import Limits
from workspaces.services.sources import LoadedTemplate, load_upload


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


def loaded_zip(files: Mapping[str, str | bytes]) -> LoadedTemplate:
    """The template in a zip of `files`, as an upload of `dev.zip`."""
    return load_upload("dev.zip", packed(files), limits=Limits())


def team(**contents: str) -> LoadedTemplate:
    """One workspace for each keyword, with one file of that content in a folder of its own."""
    nodes = ", ".join(f"{{name: {name}, files_dir: {name}}}" for name in contents)
    files = {f"{name}/notes.md": content for name, content in contents.items()}
    return loaded_zip({"org.yaml": f"name: Dev team\nworkspaces: [{nodes}]", **files})
