"""The content of a workspace's config volume: the files of its folder, and a description of the workspace.

    …                           the files of `files_dir`, as in the template
    .orgsite/workspace.json     its declaration, defaults applied, and the paths of all these files
    .orgsite/prompts/*.md       `initial`, `idle` and `system`: the prompts that it has, as text

A template's own `.orgsite` is left out when it is read, so none of it can replace a generated file. A file that a
template dropped stays in the volume until somebody deletes it: it is not among `files` any more.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from workspaces.core.filesets import OWN_FOLDER, FolderFiles
from workspaces.core.template import ScheduleSpec

PROMPTS = ("initial_prompt", "idle_prompt", "system_prompt")
DESCRIPTION = f"{OWN_FOLDER}/workspace.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """A workspace as its agent needs to know it. `organization` is the slug."""

    id: UUID
    name: str
    organization: str
    role: str
    tier: int
    runtime: str
    model: str
    spec: Mapping[str, Any]
    schedules: tuple[ScheduleSpec, ...]


def config_archive(config: Config, files: FolderFiles) -> bytes:
    """The tar to unpack in the config volume; the same for the same values."""
    own = dict(files.files)
    return FolderFiles.of({**own, **generated(config, beside=own)}).to_tar()


def generated(config: Config, *, beside: Collection[str] = ()) -> dict[str, bytes]:
    """The generated files by their paths in the volume. `beside`: the paths of the template's."""
    prompts = _prompts(config)
    described = _described(config) | {"files": sorted({*beside, *prompts, DESCRIPTION})}
    text = json.dumps(described, indent=2, sort_keys=True, ensure_ascii=False)
    return {DESCRIPTION: f"{text}\n".encode(), **prompts}


def _prompts(config: Config) -> dict[str, bytes]:
    prompts = {key: config.spec.get(key) for key in PROMPTS}
    return {
        f"{OWN_FOLDER}/prompts/{key.removesuffix('_prompt')}.md": prompt.encode()
        for key, prompt in prompts.items()
        if prompt and isinstance(prompt, str)
    }


def _described(config: Config) -> dict[str, Any]:
    """All of it as JSON. `plugins` is in `spec` too, like all keys without a column."""
    return {
        "id": str(config.id),
        "name": config.name,
        "organization": config.organization,
        "role": config.role,
        "tier": config.tier,
        "runtime": config.runtime,
        "model": config.model,
        "plugins": config.spec.get("plugins") or [],
        "spec": dict(config.spec),
        "schedules": [asdict(schedule) for schedule in config.schedules],
    }
