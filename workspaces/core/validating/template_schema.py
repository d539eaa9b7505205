"""The allowed values of an org template's keys. `editor_schema` makes the JSON Schema for editors from the same models.

Values are strict: `"3"` is no tier and 42 is no name. A key that is null counts as not written. No model nests another:
`validation` walks the tree, so one fault hides no other, and depth costs no recursion.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, WithJsonSchema

from workspaces.core.columns import TIERS
from workspaces.core.names import MAX_NAME, clean_name
from workspaces.core.validating.url_rule import check_url

MAX_LINE = 255
"""Characters of a runtime, a model or a cron expression."""
MAX_PLUGINS = 1000


@lru_cache(maxsize=4096)
def check_cron(expression: str) -> str:
    """`expression` itself. Raises `ValueError` if it is no cron expression of five fields (or six, with seconds)."""
    if len(expression) > MAX_LINE:
        raise ValueError(f"a cron expression must have at most {MAX_LINE} characters")
    try:
        CronSim(expression, datetime(2000, 1, 1))  # noqa: DTZ001  (any date: only the expression is checked)
    except (CronSimError, ValueError, AssertionError) as error:
        raise ValueError(f"not a cron expression: {error}") from error
    return expression


def check_zone(zone: str, info: ValidationInfo) -> str:
    """`zone` itself. Raises `ValueError` if the context's set of zones does not have it."""
    if info.context is not None and zone not in info.context:
        raise ValueError("not a known time zone (IANA names: `UTC`, `Europe/Berlin`)")
    return zone


def check_plugin(plugin: str) -> str:
    """`plugin` itself. Raises `ValueError` if no name follows the `!` or `-` that drops one."""
    if not plugin.lstrip("!-").strip():
        raise ValueError("a plugin must have a name")
    return plugin


Name = Annotated[
    str, AfterValidator(clean_name), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_NAME})
]
_NAME = {"minLength": 1, "maxLength": MAX_NAME}
_ONE = {"type": "string", **_NAME}
PreviousNames = Annotated[Any, WithJsonSchema({"type": ["string", "array", "null"], **_NAME, "items": _ONE})]
"""A name or a list of names. `previous_names` checks them, as it checks the next one."""
_ENTRY = {"type": ["string", "array"], **_NAME, "items": _ONE, "minItems": 1}
PreviousPlaces = Annotated[Any, WithJsonSchema({"type": ["string", "array", "null"], **_NAME, "items": _ENTRY})]
"""A name or a list of entries, each of them a name or a path."""
Tier = Annotated[int, Field(ge=TIERS[0], le=TIERS[-1])]
Line = Annotated[str, Field(max_length=MAX_LINE)]
Runtime = Annotated[str, Field(min_length=1, max_length=MAX_LINE)]
Url = Annotated[str, AfterValidator(check_url), WithJsonSchema({"type": "string", "pattern": "^https?://"})]
Zone = Annotated[str, AfterValidator(check_zone)]
Cron = Annotated[str, AfterValidator(check_cron)]
Plugins = Annotated[list[Annotated[str, AfterValidator(check_plugin)]], Field(max_length=MAX_PLUGINS)]


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _Kept(_Model):
    """Keys without a column: any value is kept as written; `USUAL` has the usual ones."""

    template: Any = None
    workspace_dir: Any = None
    workspace_access: Any = None
    system_prompt: Any = None
    idle_interval_seconds: Any = None
    category_routing: Any = None
    initial_memories: Any = None
    max_concurrent_tasks: Any = None
    channels: Any = None
    required_env: Any = None
    recommended_env: Any = None


class Defaults(_Kept):
    """The defaults of every workspace. Prompt files are relative to the template's root."""

    role: str | None = None
    tier: Tier | None = None
    runtime: Runtime | None = None
    model: Line | None = None
    plugins: Plugins | None = None
    initial_prompt: str | None = None
    initial_prompt_file: str | None = None
    idle_prompt: str | None = None
    idle_prompt_file: str | None = None
    canvas: Any = None


class ScheduleSchema(_Model):
    """A prompt sent by the clock. A prompt file is relative to the workspace's `files_dir`."""

    name: Name
    cron_expr: Cron
    timezone: Zone | None = None
    prompt: str | None = None
    prompt_file: str | None = None
    enabled: bool | None = None


class WorkspaceSchema(Defaults):
    """One workspace and those below it. Plugins add to those of the defaults; `!x` or `-x` drops one."""

    name: Name
    parent: Any = None
    previously: PreviousPlaces = None
    spawning: bool | None = None
    files_dir: str | None = None
    external: bool | None = None
    url: Url | None = None
    schedules: list[Any] | None = None
    children: list[Any] | None = None


class OrgTemplate(_Kept):
    """A whole org template: the tree of workspaces an organization declares."""

    name: Name
    description: str | None = None
    previously: PreviousNames = None
    defaults: dict[str, Any] | None = None
    workspaces: list[Any] | None = None
    global_memories: Any = None
    template_schema_version: Any = None


USUAL: dict[str, tuple[str, tuple[type, ...]]] = {
    **dict.fromkeys(("template", "workspace_dir", "workspace_access", "system_prompt"), ("text", (str,))),
    **dict.fromkeys(("canvas", "category_routing"), ("a mapping", (dict,))),
    **dict.fromkeys(("initial_memories", "global_memories", "channels"), ("a list", (list,))),
    **dict.fromkeys(("required_env", "recommended_env"), ("a list", (list,))),
    "idle_interval_seconds": ("a number", (int, float)),
    "max_concurrent_tasks": ("a whole number", (int,)),
    "template_schema_version": ("a number or text", (int, float, str)),
}
"""What keys without a column hold where they are used; anything else is kept all the same, with a warning."""

COLUMNS = frozenset(
    {
        "name",
        "role",
        "tier",
        "runtime",
        "model",
        "spawning",
        "external",
        "url",
        "schedules",
        "children",
        "parent",
        "previously",
    }
)
"""A workspace's keys that have a column or a table of their own; every other key lives in `spec`."""

NEVER_DEFAULTS = WorkspaceSchema.model_fields.keys() - Defaults.model_fields.keys()
"""What only a workspace itself can say."""
