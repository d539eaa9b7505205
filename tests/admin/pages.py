"""Helpers for the admin's tests: addresses of pages, files to upload, and parsing of a page's HTML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse

from tests.trees import Tree
from workspaces.models import Workspace

LIST = "/admin/workspaces/workspace/"
CASCADE = "/admin/cascade-delete/"


def upload(tree: Tree, name: str = "dev.yaml") -> SimpleUploadedFile:
    """A template file that declares the tree."""
    document = {"name": "Dev team", "workspaces": nodes(tree)}
    return SimpleUploadedFile(name, yaml.safe_dump(document, allow_unicode=True).encode())


def nodes(tree: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "children": nodes(children)} for name, children in tree.items()]


def named(name: str) -> Workspace:
    """The live workspace of that name."""
    return Workspace.objects.live().get(name=name)


def live_names() -> list[str]:
    return sorted(Workspace.objects.live().values_list("name", flat=True))


def text(answer: HttpResponse) -> str:
    return " ".join(answer.content.decode().split())
