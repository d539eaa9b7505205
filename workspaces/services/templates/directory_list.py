"""The template directories on the server, below ORGSITE_TEMPLATES_DIR."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from lib.text import clip
from workspaces.core.reading.files import composed
from workspaces.errors import OrgError, TemplateInvalid, TemplateNotFound
from workspaces.services.templates.directories import is_mounted
from workspaces.services.templates.loader import TemplateLoader


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateDirectory:
    """One directory of the list. `error` is one sentence if it does not load, else ""."""

    dir: str
    name: str = ""
    description: str = ""
    workspaces: int = 0
    error: str = ""


def find_directory(name: str) -> Path:
    """The template directory of that name. Raises `TemplateNotFound` for anything else."""
    if found := _directories().get(composed(name)):
        return found
    raise TemplateNotFound(f"There is no template directory {clip(name, 100)!r}.")


def list_directories(loader: TemplateLoader) -> list[TemplateDirectory]:
    """All template directories, sorted by name, each with what it declares or why it does not load."""
    return [_listed(name, root, loader) for name, root in sorted(_directories().items())]


def _directories() -> dict[str, Path]:
    """The directories by name, without hidden ones and links to other places."""
    try:
        paths = sorted(settings.ORGSITE_TEMPLATES_DIR.iterdir())
        found = {composed(path.name): path for path in paths if _is_directory(path)}
    except OSError:
        return {}
    return {name: path for name, path in found.items() if not name.startswith(".") and name.isprintable()}


def _is_directory(path: Path) -> bool:
    """Whether it is a directory; a link counts only as part of a mounted volume (`directories`)."""
    return path.is_dir() and (not path.is_symlink() or is_mounted(str(path.readlink())))


def _listed(name: str, root: Path, loader: TemplateLoader) -> TemplateDirectory:
    try:
        template = loader.directory(root).template
    except OrgError as error:
        return TemplateDirectory(dir=name, error=_sentence(error))
    return TemplateDirectory(
        dir=name, name=template.name, description=template.description, workspaces=template.count()
    )


def _sentence(error: OrgError) -> str:
    """The error with its first problem and the number of the others: a list has no room for all."""
    if isinstance(error, TemplateInvalid):
        more = len(error.problems) - 1
        return f"{error.problems[0]}{f' (and {more} more)' if more else ''}."
    return str(error)
