"""Where templates come from: a directory on the server, an uploaded file, text in a request.

The only code that opens a template's files. Judging them is `core`'s work.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from workspaces.core.document import Document
from workspaces.core.files import OverBudget, Unreadable, path_fault
from workspaces.core.limits import Limits
from workspaces.core.problems import clip
from workspaces.core.reading import Format, Source, file_name, read_inline, read_tree, read_upload
from workspaces.core.template import Template
from workspaces.core.validating import validate
from workspaces.errors import OrgError, TemplateInvalid, TemplateNotFound

_STEP = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
# Opening a named pipe would wait for its other end
_FILE = _STEP | os.O_NONBLOCK
_FOLDER = _STEP | os.O_DIRECTORY


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


class DirectoryFiles:
    """`Files` in a directory. Below `root` no symbolic link is followed and nothing but plain files is read."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def read(self, path: str, *, limit: int) -> bytes:
        """As `Files.read`."""
        try:
            with self._opened(path) as descriptor:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise Unreadable("is not a plain file")
                return _bounded(descriptor, limit)
        except (OSError, ValueError) as error:
            raise Unreadable(_why(error)) from error

    def is_file(self, path: str) -> bool:
        """As `Files.is_file`."""
        return stat.S_ISREG(self._mode(path))

    def is_dir(self, path: str) -> bool:
        """As `Files.is_dir`."""
        return stat.S_ISDIR(self._mode(path))

    def walk(self, folder: str, *, limit: int) -> list[str]:
        """As `Files.walk`. Each folder is reached as each file is: by its components, following no link."""
        found, waiting, seen = [], [folder], 0
        while waiting:
            here = waiting.pop()
            files, folders, entries = self._entries(here, limit - seen)
            found += [_below(here, name) for name in files]
            waiting += [_below(here, name) for name in folders]
            seen += entries
        return sorted(found)

    def _entries(self, folder: str, limit: int) -> tuple[list[str], list[str], int]:
        """The names of the plain files and of the folders in `folder`, and how many entries there are."""
        files: list[str] = []
        folders: list[str] = []
        count = 0
        try:
            with self._opened(folder) as descriptor, os.scandir(descriptor) as listed:
                for count, entry in enumerate(listed, start=1):
                    if count > limit:
                        raise OverBudget(f"more than {limit:,} files")
                    if not entry.name.startswith("."):
                        _sort_in(entry, folder, files, folders)
        except OSError as error:
            raise Unreadable(_why(error)) from error
        return files, folders, count

    def _mode(self, path: str) -> int:
        try:
            with self._opened(path) as descriptor:
                return os.fstat(descriptor).st_mode
        except (OSError, ValueError):
            return 0

    @contextmanager
    def _opened(self, path: str) -> Iterator[int]:
        """A descriptor of `path`, reached one component at a time: so no link slips in between check and use."""
        *folders, name = path.split("/")
        current = os.open(self._root, _FOLDER)
        try:
            for folder in folders:
                current = _replace(current, os.open(folder, _FOLDER, dir_fd=current))
            current = _replace(current, os.open(name or ".", _FILE, dir_fd=current))
            yield current
        finally:
            os.close(current)


def _sort_in(entry: os.DirEntry[str], folder: str, files: list[str], folders: list[str]) -> None:
    """Put a plain file's or a folder's name into its list. Anything else, links too, is passed by unopened."""
    names = files if entry.is_file(follow_symlinks=False) else folders
    if names is files or entry.is_dir(follow_symlinks=False):
        if fault := path_fault(_below(folder, entry.name)):
            raise Unreadable(f"holds {clip(ascii(entry.name), 100)}, which {fault}")
        names.append(entry.name)


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _replace(old: int, new: int) -> int:
    os.close(old)
    return new


def _bounded(descriptor: int, limit: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OverBudget(f"more than {limit:,} bytes")
    return data


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    # What a symbolic link gives that must not be followed
    if isinstance(error, OSError) and error.errno in (errno.ELOOP, errno.ENOTDIR):
        return "can't be read (symbolic links are not followed)"
    return f"can't be read: {getattr(error, 'strerror', None) or error}"


def load_inline(data: bytes, *, format: Format, limits: Limits) -> LoadedTemplate:
    """The template in a text. Raises `TemplateInvalid` and `TemplateTooLarge`."""
    return load_document(read_inline(data, format=format, limits=limits), limits=limits, data=data)


def load_document(document: Document, *, limits: Limits, data: bytes) -> LoadedTemplate:
    """The template in what was read already, `data` being the text of it. Raises as `load_inline` does."""
    template = validate(document, files=None, limits=limits, zones=known_zones())
    return LoadedTemplate(template=template, source="", sha256=_sha256(data))


def load_upload(filename: str, data: bytes, *, limits: Limits) -> LoadedTemplate:
    """The template in an uploaded file. Raises `UnsupportedTemplateFile` too."""
    source = read_upload(filename, data, limits)
    template = _validated(source, limits)
    return LoadedTemplate(
        template=template,
        source=file_name(filename),
        sha256=_sha256(data),
        files=source.files.count if source.files else 1,
    )


def load_directory(root: Path, *, limits: Limits) -> LoadedTemplate:
    """The template in the directory `root`."""
    source = read_tree(DirectoryFiles(root), limits)
    template = _validated(source, limits)
    assert source.files
    return LoadedTemplate(
        template=template,
        source=file_name(root.resolve().name),
        sha256=source.files.sha256,
        files=source.files.count,
    )


def load_path(path: Path, *, limits: Limits) -> LoadedTemplate:
    """The template at `path`: a directory, or a file as `load_upload` takes it. Raises `TemplateNotFound` too."""
    if path.is_dir():
        return load_directory(path, limits=limits)
    try:
        with path.open("rb") as file:
            data = file.read(limits.max_bytes + 1)
    except OSError as error:
        raise TemplateNotFound(f"{path} can't be read: {error.strerror}.") from error
    return load_upload(path.name, data, limits=limits)


def open_directory(templates_dir: Path, name: str) -> Path:
    """The directory `name` directly below `templates_dir`. Raises `TemplateNotFound` for anything else."""
    if name in _directories(templates_dir):
        return templates_dir / name
    raise TemplateNotFound(f"There is no template directory {clip(name, 100)!r}.")


def list_directories(templates_dir: Path, *, limits: Limits) -> list[TemplateDirectory]:
    """Every directory below `templates_dir`, by name, with what it declares or why it does not load."""
    return [_listed(templates_dir / name, limits) for name in _directories(templates_dir)]


def _directories(templates_dir: Path) -> list[str]:
    """The names a template may be asked for by: no hidden ones, no links to elsewhere."""
    try:
        found = sorted(path.name for path in templates_dir.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return []
    return [name for name in found if not name.startswith(".") and name.isprintable()]


def _listed(root: Path, limits: Limits) -> TemplateDirectory:
    try:
        template = load_directory(root, limits=limits).template
    except OrgError as error:
        return TemplateDirectory(dir=root.name, error=_sentence(error))
    return TemplateDirectory(
        dir=root.name, name=template.name, description=template.description, workspaces=template.count()
    )


def _sentence(error: OrgError) -> str:
    """The error with its first problem: in a list there is no room for all of them."""
    if isinstance(error, TemplateInvalid):
        more = len(error.problems) - 1
        return f"{error.problems[0]}{f' (and {more} more)' if more else ''}."
    return str(error)


def _validated(source: Source, limits: Limits) -> Template:
    return validate(source.document, files=source.files, limits=limits, zones=known_zones())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=1)
def known_zones() -> frozenset[str]:
    """The IANA time zones this machine knows. Reading their list from the disk takes a while: once is enough."""
    return frozenset(zoneinfo.available_timezones() - {"localtime", "Factory"})
