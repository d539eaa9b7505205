"""The schedules that a workspace declares."""

from __future__ import annotations

from typing import Any

from workspaces.core.problems import Path
from workspaces.core.template import ScheduleSpec
from workspaces.core.validating.prompts import prompt
from workspaces.core.validating.template_schema import ScheduleSchema
from workspaces.core.validating.validation_context import Checks

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
