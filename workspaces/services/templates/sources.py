"""Where templates come from: a directory on the server, an uploaded file, text in a request.

With `directories`, the only code that opens a template's files. Judging them is `core`'s work.
"""

from __future__ import annotations

import hashlib
import zoneinfo
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lib.text import clip
from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.document import Document
from workspaces.core.reading.files import composed
from workspaces.core.reading.reader import Format, Source, file_name, read_inline, read_tree, read_upload
from workspaces.core.template import Template
from workspaces.core.validating.validation import validate
from workspaces.core.validating.validation_context import MissingFiles
from workspaces.errors import OrgError, TemplateInvalid, TemplateNotFound
from workspaces.services.templates.directories import DirectoryFiles, is_mounted


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedTemplate:
    """A template and where it came from.

    `source` is the directory's or file's name, "" for inline text; `sha256` (hex) covers what was read; `files` counts
    the files read.
    """

    template: Template
    source: str
    sha256: str
    files: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateDirectory:
    """One directory of the list. `error` is one sentence where it does not load, else ""."""

    dir: str
    name: str = ""
    description: str = ""
    workspaces: int = 0
    error: str = ""


def load_inline(data: bytes, *, format: Format, limits: TemplateLimits) -> LoadedTemplate:
    """The template in a text. Raises `TemplateInvalid` and `TemplateTooLarge`."""
    return load_document(read_inline(data, format=format, limits=limits), limits=limits, data=data)


def load_document(document: Document, *, limits: TemplateLimits, data: bytes) -> LoadedTemplate:
    """The template in what was read already, `data` being the text of it. Raises as `load_inline` does."""
    template = validate(document, files=None, limits=limits, zones=known_zones())
    return LoadedTemplate(template=template, source="", sha256=_sha256(data))


def load_upload(
    filename: str, data: bytes, *, limits: TemplateLimits, missing: MissingFiles = MissingFiles.ERROR
) -> LoadedTemplate:
    """The template in an uploaded file. Raises `UnsupportedTemplateFile` too."""
    source = read_upload(filename, data, limits)
    template = _validated(source, limits, missing)
    return LoadedTemplate(
        template=template,
        source=file_name(filename),
        sha256=_sha256(data),
        files=source.files.count if source.files else 1,
    )


def load_directory(root: Path, *, limits: TemplateLimits, missing: MissingFiles = MissingFiles.ERROR) -> LoadedTemplate:
    """The template in the directory `root`."""
    source = read_tree(DirectoryFiles(root), limits)
    template = _validated(source, limits, missing)
    assert source.files
    return LoadedTemplate(
        template=template,
        source=file_name(root.resolve().name),
        sha256=source.files.sha256,
        files=source.files.count,
    )


def load_path(path: Path, *, limits: TemplateLimits, missing: MissingFiles = MissingFiles.ERROR) -> LoadedTemplate:
    """The template at `path`: a directory, or a file as `load_upload` takes it. Raises `TemplateNotFound` too."""
    if path.is_dir():
        return load_directory(path, limits=limits, missing=missing)
    try:
        with path.open("rb") as file:
            data = file.read(limits.max_bytes + 1)
    except OSError as error:
        raise TemplateNotFound(f"{path} can't be read: {error.strerror}.") from error
    return load_upload(path.name, data, limits=limits, missing=missing)


def open_directory(templates_dir: Path, name: str) -> Path:
    """The directory `name` directly below `templates_dir`. Raises `TemplateNotFound` for anything else."""
    if found := _directories(templates_dir).get(composed(name)):
        return found
    raise TemplateNotFound(f"There is no template directory {clip(name, 100)!r}.")


def list_directories(
    templates_dir: Path, *, limits: TemplateLimits, missing: MissingFiles = MissingFiles.ERROR
) -> list[TemplateDirectory]:
    """Every directory below `templates_dir`, by name, with what it declares or why it does not load."""
    return [_listed(name, root, limits, missing) for name, root in sorted(_directories(templates_dir).items())]


def _directories(templates_dir: Path) -> dict[str, Path]:
    """The names a template may be asked for by: no hidden ones, no links to elsewhere."""
    try:
        found = {composed(path.name): path for path in sorted(templates_dir.iterdir()) if _is_directory(path)}
    except OSError:
        return {}
    return {name: path for name, path in found.items() if not name.startswith(".") and name.isprintable()}


def _is_directory(path: Path) -> bool:
    """A link counts where a mounted volume shows its own folder by it."""
    return path.is_dir() and (not path.is_symlink() or is_mounted(str(path.readlink())))


def _listed(name: str, root: Path, limits: TemplateLimits, missing: MissingFiles) -> TemplateDirectory:
    try:
        template = load_directory(root, limits=limits, missing=missing).template
    except OrgError as error:
        return TemplateDirectory(dir=name, error=_sentence(error))
    return TemplateDirectory(
        dir=name, name=template.name, description=template.description, workspaces=template.count()
    )


def _sentence(error: OrgError) -> str:
    """The error with its first problem: in a list there is no room for all of them."""
    if isinstance(error, TemplateInvalid):
        more = len(error.problems) - 1
        return f"{error.problems[0]}{f' (and {more} more)' if more else ''}."
    return str(error)


def _validated(source: Source, limits: TemplateLimits, missing: MissingFiles) -> Template:
    return validate(source.document, files=source.files, limits=limits, zones=known_zones(), missing=missing)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=1)
def known_zones() -> frozenset[str]:
    """The IANA time zones this machine knows. Reading their list from the disk takes a while: once is enough."""
    return frozenset(zoneinfo.available_timezones() - {"localtime", "Factory"})
