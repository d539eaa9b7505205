"""Prompts and their files. At one level the inline text wins over the file."""

from __future__ import annotations

from lib.text import clip
from workspaces.core.names import clean_text
from workspaces.core.problems import Broken, Path
from workspaces.core.reading.files import Missing, Unreadable, resolve
from workspaces.core.reading.parse_events import decode
from workspaces.core.reading.reader import NEEDS_FILES
from workspaces.core.validating.validation_context import Checks, MissingFiles


def prompt(checks: Checks, text: str | None, file: str | None, *, folder: str | None, path: Path) -> str | None:
    """The text of a prompt; None if there is none, "" if its file is missing and `checks` allows that.

    `path` is the place of the file's key. The file's name is relative to `folder`; None means that the folder itself is
    invalid and was reported.
    """
    if file is not None and checks.files is None:
        checks.problem(path, f"a prompt file {NEEDS_FILES}")
        return text
    if text or file is None or folder is None:
        return text
    return _from_file(checks, file, folder=folder, path=path)


def _from_file(checks: Checks, file: str, *, folder: str, path: Path) -> str | None:
    where = file
    try:
        where = resolve(folder, file)
        text = clean_text(decode(_read(checks, where, path), where))
    except Missing as error:
        _missing(checks, f"the prompt file {clip(file, 200)}: {clip(where, 200)} {error}", path)
        return ""
    except (ValueError, Broken) as error:
        checks.problem(path, f"the prompt file {clip(file, 200)}: {error}")
    else:
        checks.count_expanded(len(text.encode()), path)
        return text
    return None


def _missing(checks: Checks, sentence: str, path: Path) -> None:
    if checks.missing is MissingFiles.ERROR:
        checks.problem(path, sentence)
        return
    checks.absent.add(path)
    checks.notices.add(f"{sentence}, so the prompt is empty", path)


def _read(checks: Checks, file: str, path: Path) -> bytes:
    try:
        return checks.read_prompt(file, path)
    except Missing:
        raise
    except Unreadable as error:
        raise ValueError(f"{clip(file, 200)} {error}") from error
