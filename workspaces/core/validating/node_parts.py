"""The parts of a workspace in a template that need more than a type: prompts, inherited values, files, schedules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lib.text import clip
from workspaces.core.filesets import OWN_FOLDER, FolderFiles
from workspaces.core.names import clean_text
from workspaces.core.problems import Broken, Path
from workspaces.core.reading.files import Missing, Unreadable, may_hold_secret, resolve
from workspaces.core.reading.parse_events import decode
from workspaces.core.reading.reader import NEEDS_FILES
from workspaces.core.template import ScheduleSpec
from workspaces.core.validating.template_schema import COLUMNS, NEVER_DEFAULTS, Defaults, ScheduleSchema
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
        text = clean_text(decode(_read_prompt(checks, where, path), where))
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


def _read_prompt(checks: Checks, file: str, path: Path) -> bytes:
    try:
        return checks.read_prompt(file, path)
    except Missing:
        raise
    except Unreadable as error:
        raise ValueError(f"{clip(file, 200)} {error}") from error


# ---- The values that a workspace inherits from `defaults`, and its resulting `spec`.
#
# It reads the keys as written, not the models: so an invalid tier does not hide a missing prompt file.


PROMPTS = {key: f"{key}_file" for key in ("initial_prompt", "idle_prompt")}
_NOT_HANDED_ON = COLUMNS | NEVER_DEFAULTS | {*PROMPTS, *PROMPTS.values(), "plugins"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Inherited:
    """The defaults, ready to apply. `spec` has prompts as text and no plugins; `sizes` are its values' bytes."""

    model: Defaults
    plugins: tuple[str, ...]
    spec: Mapping[str, Any]
    sizes: Mapping[str, int]


def inherited(checks: Checks, raw: object, path: Path) -> Inherited:
    """The values that every workspace inherits from the template's `defaults`, unknown keys too."""
    written = raw if isinstance(raw, dict) else {}
    model = checks.model(Defaults, written, path) or Defaults()
    _check_keys(checks, written, path)
    spec = {key: value for key, value in written.items() if value is not None and key not in _NOT_HANDED_ON}
    spec.update(_prompts(checks, written, folder="", path=path))
    sizes = {key: len(key) + len(json.dumps(value, ensure_ascii=False).encode()) for key, value in spec.items()}
    return Inherited(model=model, plugins=_plugins(written), spec=spec, sizes=sizes)


def _check_keys(checks: Checks, written: Mapping[str, Any], path: Path) -> None:
    for key in written:
        if key in NEVER_DEFAULTS:
            checks.problem((*path, key), "belongs to a workspace, not to the defaults")
    checks.warn_unknown_keys(written, path, Defaults.model_fields.keys() | NEVER_DEFAULTS)
    checks.warn_unusual_types(written, path)


def node_spec(
    checks: Checks, defaults: Inherited, raw: Mapping[str, Any], *, folder: str | None, path: Path
) -> dict[str, Any]:
    """The keys of a workspace without a column, with inherited ones. Raises `TemplateTooLarge`."""
    spec = {key: value for key, value in raw.items() if key not in COLUMNS}
    spec.update(_prompts(checks, raw, folder=folder, path=path))
    missing = [key for key in defaults.spec if spec.get(key) is None]
    spec.update({key: defaults.spec[key] for key in missing})
    if defaults.plugins or raw.get("plugins") is not None:
        spec["plugins"] = _union(defaults.plugins, _plugins(raw))
    checks.count_expanded(sum(defaults.sizes[key] for key in missing) + sum(map(len, defaults.plugins)), path)
    return spec


def _prompts(checks: Checks, raw: Mapping[str, Any], *, folder: str | None, path: Path) -> dict[str, str]:
    """The prompts of one level, as text."""
    found = {}
    for key, of_file in PROMPTS.items():
        if key not in raw and of_file not in raw:
            continue
        text, file = _text(raw, key), _text(raw, of_file)
        resolved = prompt(checks, text, file, folder=folder, path=(*path, of_file))
        if resolved is not None:
            found[key] = resolved
    return found


def _text(raw: Mapping[str, Any], key: str) -> str | None:
    value = raw.get(key)
    return value if isinstance(value, str) else None


def _plugins(raw: Mapping[str, Any]) -> tuple[str, ...]:
    value = raw.get("plugins")
    return tuple(plugin for plugin in value if isinstance(plugin, str)) if isinstance(value, list) else ()


def _union(inherited: tuple[str, ...], own: tuple[str, ...]) -> list[str]:
    """The defaults' plugins, then the workspace's own, as written, without those that a `!x` or `-x` drops."""
    wanted = dict.fromkeys((*inherited, *own))
    dropped = {plugin[1:].strip() for plugin in wanted if plugin.startswith(("!", "-"))}
    return [plugin for plugin in wanted if not plugin.startswith(("!", "-")) and plugin not in dropped]


# ---- A workspace's `files_dir`: the folder that it names, and the files in it.


def files_folder(checks: Checks, files_dir: object, path: Path) -> str | None:
    """The folder of a workspace's files; "" is the root, None (with a problem added) if it leads outside."""
    if files_dir is None:
        return ""
    if not isinstance(files_dir, str):
        return None
    try:
        folder = resolve("", files_dir)
    except ValueError as error:
        checks.problem(path, str(error))
        return None
    if checks.files is None:
        checks.notices.add(f"`files_dir` {NEEDS_FILES} and is left empty", path)
    elif not checks.files.is_dir(folder):
        checks.notices.add("`files_dir` is no folder of the template", path)
    return folder


def files_digest(checks: Checks, folder: str | None, path: Path) -> str:
    """The digest of all files below `folder`, "" if there are none. Raises `TemplateTooLarge`.

    A folder is read once for all workspaces that name it, so its problems are reported once, for the first of them.
    """
    if folder is None or checks.files is None or not checks.files.is_dir(folder):
        return ""
    if folder not in checks.filesets:
        checks.filesets[folder] = _read_folder(checks, folder, path)
    fileset = checks.filesets[folder]
    return fileset.digest if fileset.files else ""


def _read_folder(checks: Checks, folder: str, path: Path) -> FolderFiles:
    where, start = folder, len(folder) + 1 if folder else 0
    files: dict[str, bytes] = {}
    try:
        found = checks.walk(folder, path)
        for where in found.files:
            if _is_included(checks, where, where[start:], path):
                checks.contents[where] = files[where[start:]] = checks.read(where, path)
    except Unreadable as error:
        checks.problem(path, f"{clip(where or '.', 200)} {error}")
        return FolderFiles(files=())
    for where, why in found.left_out:
        checks.notices.add(f"not among the files of a workspace, because it {why}", path, about=where)
    return FolderFiles.of(files)


def _is_included(checks: Checks, file: str, inner: str, path: Path) -> bool:
    """Whether the file (`inner`: its path below the folder) goes into the volume: OWN_FOLDER there is the site's."""
    if inner.partition("/")[0] == OWN_FOLDER:
        checks.notices.add(
            f"not among the files of a workspace, because {OWN_FOLDER} is the site's own", path, about=file
        )
        return False
    if may_hold_secret(inner):
        checks.notices.add("may hold a secret; it goes into the database and the workspace's volume", path, about=file)
    return True


# ---- The schedules that a workspace declares.


_COLUMNS = frozenset({"name", "cron_expr", "timezone", "prompt", "enabled"})

Extra = dict[str, dict[str, Any]]


def schedules(checks: Checks, raw: object, *, folder: str | None, path: Path) -> tuple[tuple[ScheduleSpec, ...], Extra]:
    """The schedules of one workspace, and by schedule name its keys without a column."""
    found: dict[str, ScheduleSpec] = {}
    places: dict[str, Path] = {}
    extra: Extra = {}
    for index, each in enumerate(raw if isinstance(raw, list) else ()):
        here = (*path, index)
        schedule = _schedule(checks, each, folder=folder, path=here)
        if schedule is None:
            continue
        if schedule.name in found:
            first = checks.document.mark(places[schedule.name])
            checks.problem((*here, "name"), f"the workspace has a schedule of this name already ({first})")
        found.setdefault(schedule.name, schedule)
        places.setdefault(schedule.name, here)
        if more := {key: value for key, value in each.items() if key not in _COLUMNS}:
            extra[schedule.name] = more
    return tuple(found.values()), extra


def _schedule(checks: Checks, raw: object, *, folder: str | None, path: Path) -> ScheduleSpec | None:
    model = checks.model(ScheduleSchema, raw, path)
    if isinstance(raw, dict):
        checks.warn_unknown_keys(raw, path, ScheduleSchema.model_fields.keys())
    if model is None:
        return None
    of_file = (*path, "prompt_file")
    text = prompt(checks, model.prompt, model.prompt_file, folder=folder, path=of_file)
    if of_file in checks.absent:
        checks.notices.add("disabled, because its prompt file does not exist", path)
    return ScheduleSpec(
        name=model.name,
        cron_expr=model.cron_expr,
        timezone=model.timezone or "UTC",
        prompt=text or "",
        enabled=model.enabled is not False and of_file not in checks.absent,
    )
