"""Templates within this site's limits: the one way in for REST, the admin and the command line."""

from __future__ import annotations

import json
from pathlib import Path

from django.conf import settings

from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.document import Document
from workspaces.core.validating.validation_context import MissingFiles
from workspaces.services.templates.sources import (
    LoadedTemplate,
    TemplateDirectory,
    list_directories,
    load_directory,
    load_document,
    load_inline,
    load_path,
    load_upload,
    open_directory,
)

# Whoever sits at the shell may import what would hold up a request for too long.
SHELL_BYTES = 64 * 1024 * 1024
SHELL_NODES = 200_000


def limits() -> TemplateLimits:
    """What one template may ask for when it comes from elsewhere."""
    return TemplateLimits(
        max_bytes=settings.ORGSITE_MAX_TEMPLATE_BYTES,
        max_nodes=settings.ORGSITE_MAX_TEMPLATE_NODES,
        max_depth=settings.ORGSITE_MAX_TEMPLATE_DEPTH,
    )


def from_upload(filename: str, data: bytes, *, missing: MissingFiles) -> LoadedTemplate:
    """An uploaded file. Raises TemplateInvalid, TemplateTooLarge, UnsupportedTemplateFile."""
    return load_upload(filename, data, limits=limits(), missing=missing)


def from_directory(name: str, *, missing: MissingFiles) -> LoadedTemplate:
    """A directory below the configured one. Raises TemplateInvalid, TemplateTooLarge, TemplateNotFound."""
    root = open_directory(settings.ORGSITE_TEMPLATES_DIR, name)
    return load_directory(root, limits=limits(), missing=missing)


def from_yaml(data: bytes) -> LoadedTemplate:
    """A text of YAML (or JSON) without files around it. Raises TemplateInvalid, TemplateTooLarge."""
    return load_inline(data, format="yaml", limits=limits())


def from_document(body: Document) -> LoadedTemplate:
    """What stands under `template` in a body that was read already. Raises TemplateInvalid, TemplateTooLarge."""
    template = body.child("template")
    # The digest is the template's alone: the reason beside it says nothing about what was declared.
    text = json.dumps(template.data, separators=(",", ":"))
    return load_document(template, limits=limits(), data=text.encode())


def from_path(path: Path, *, missing: MissingFiles = MissingFiles.ERROR) -> LoadedTemplate:
    """A directory or a file that somebody names at the shell. Raises as the others do."""
    usual = limits()
    roomy = TemplateLimits(
        max_bytes=max(SHELL_BYTES, usual.max_bytes),
        max_nodes=max(SHELL_NODES, usual.max_nodes),
        max_depth=usual.max_depth,
    )
    return load_path(path, limits=roomy, missing=missing)


def listing(*, missing: MissingFiles = MissingFiles.ERROR) -> list[TemplateDirectory]:
    """The directories below the configured one, each with what it declares or why it does not load."""
    return list_directories(settings.ORGSITE_TEMPLATES_DIR, limits=limits(), missing=missing)
