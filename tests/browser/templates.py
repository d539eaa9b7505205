"""Template files for uploads."""

from __future__ import annotations

import io
import zipfile

import yaml
from playwright.sync_api import FilePayload

from tests.admin.pages import nodes
from tests.processes import ROOT
from tests.trees import Tree


def zipped(example: str) -> FilePayload:
    """A directory of examples/ as a .zip, org.yaml at its top."""
    folder, buffer = ROOT / "examples" / example, io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return {"name": f"{example}.zip", "mimeType": "application/zip", "buffer": buffer.getvalue()}


def declaring(tree: Tree) -> FilePayload:
    return written(yaml.safe_dump({"name": "Dev team", "workspaces": nodes(tree)}, allow_unicode=True))


def written(text: str) -> FilePayload:
    return {"name": "dev.yaml", "mimeType": "application/yaml", "buffer": text.encode()}
