"""Loading one template from any source: an uploaded file, a directory, a path, text or a request's body.

With `directories`, the only code that opens a template's files. `core` reads and validates their content.
"""

from __future__ import annotations

import hashlib
import json
import zoneinfo
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.document import Document
from workspaces.core.reading.files import Files
from workspaces.core.reading.reader import Format, file_name, read_inline, read_tree, read_upload
from workspaces.core.template import Template
from workspaces.core.validating.validation import validate
from workspaces.core.validating.validation_context import MissingFiles
from workspaces.errors import TemplateNotFound
from workspaces.services.templates.directories import DirectoryFiles

# A command may import templates that would keep a request busy for too long.
SHELL_BYTES = 64 * 1024 * 1024
SHELL_NODES = 200_000


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedTemplate:
    """A template and its source.

    `source` is the name of the directory or file, "" for inline text; `sha256` (hex) covers everything that was read;
    `files` is the number of files that were read.
    """

    template: Template
    source: str
    sha256: str
    files: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateLoader:
    """Loads templates within `limits`; `missing_files` decides whether a missing prompt file is an error.

    All methods raise `TemplateInvalid` and `TemplateTooLarge`.
    """

    limits: TemplateLimits
    missing_files: MissingFiles = MissingFiles.ERROR

    def text(self, data: bytes, *, format: Format) -> LoadedTemplate:
        """The template in a text without files around it."""
        document = read_inline(data, format=format, limits=self.limits)
        return LoadedTemplate(template=self._validated(document), source="", sha256=_sha256(data))

    def document(self, document: Document) -> LoadedTemplate:
        """The template in a part of a request's body."""
        data = json.dumps(document.data, separators=(",", ":")).encode()  # without the body's other fields
        return LoadedTemplate(template=self._validated(document), source="", sha256=_sha256(data))

    def upload(self, filename: str, data: bytes) -> LoadedTemplate:
        """The template in an uploaded file. Raises `UnsupportedTemplateFile` too."""
        read = read_upload(filename, data, self.limits)
        return LoadedTemplate(
            template=self._validated(read.document, read.files),
            source=file_name(filename),
            sha256=_sha256(data),
            files=read.files.count if read.files else 1,
        )

    def directory(self, root: Path) -> LoadedTemplate:
        """The template in the directory `root`."""
        read = read_tree(DirectoryFiles(root), self.limits)
        template = self._validated(read.document, read.files)
        assert read.files
        return LoadedTemplate(
            template=template,
            source=file_name(root.resolve().name),
            sha256=read.files.sha256,
            files=read.files.count,
        )

    def path(self, path: Path) -> LoadedTemplate:
        """The template in a directory, or in a file as `upload` takes it. Raises `TemplateNotFound` too."""
        if path.is_dir():
            return self.directory(path)
        try:
            with path.open("rb") as file:
                data = file.read(self.limits.max_bytes + 1)
        except OSError as error:
            raise TemplateNotFound(f"{path} can't be read: {error.strerror}.") from error
        return self.upload(path.name, data)

    def _validated(self, document: Document, files: Files | None = None) -> Template:
        return validate(document, files=files, limits=self.limits, zones=known_zones(), missing=self.missing_files)


def site_limits() -> TemplateLimits:
    """The limits for templates from clients, by the settings."""
    return TemplateLimits(
        max_bytes=settings.ORGSITE_MAX_TEMPLATE_BYTES,
        max_nodes=settings.ORGSITE_MAX_TEMPLATE_NODES,
        max_depth=settings.ORGSITE_MAX_TEMPLATE_DEPTH,
    )


def site_loader(missing_files: MissingFiles = MissingFiles.ERROR) -> TemplateLoader:
    """The loader for REST and pages."""
    return TemplateLoader(limits=site_limits(), missing_files=missing_files)


def shell_loader(missing_files: MissingFiles = MissingFiles.ERROR) -> TemplateLoader:
    """The loader for commands, with wider limits."""
    usual = site_limits()
    limits = TemplateLimits(
        max_bytes=max(SHELL_BYTES, usual.max_bytes),
        max_nodes=max(SHELL_NODES, usual.max_nodes),
        max_depth=usual.max_depth,
    )
    return TemplateLoader(limits=limits, missing_files=missing_files)


@lru_cache(maxsize=1)
def known_zones() -> frozenset[str]:
    """The IANA time zones of this machine, cached: reading their list from the disk takes a while."""
    return frozenset(zoneinfo.available_timezones() - {"localtime", "Factory"})


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
