"""What lies in a config volume: the template's files, and beside them what was generated."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from workspaces.core.containers.config_volume import Config, config_archive, generated
from workspaces.core.filesets import FolderFiles
from workspaces.core.template import ScheduleSpec

PULSE = ScheduleSpec(name="Pulse", cron_expr="*/5 * * * *", timezone="Europe/Berlin", prompt="Look", enabled=False)
PM = Config(
    id=UUID("11111111-2222-4333-8444-555555555555"),
    name="Prüfer",
    organization="acme",
    role="leads",
    tier=3,
    runtime="claude-code",
    model="opus",
    spec={"system_prompt": "You are.", "initial_prompt": "Gö", "plugins": ["b", "a"], "canvas": {"y": 1, "x": 2}},
    schedules=(PULSE,),
)
FILES = FolderFiles.of({"notes.md": b"n", "prompts/initial.md": b"mine", "workspace.json": b"mine too"})


def described(config: Config) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(generated(config)[".orgsite/workspace.json"])
    return data


def test_generated_files_stand_beside_those_of_the_template_and_replace_none() -> None:
    files = dict(FolderFiles.from_tar(config_archive(PM, FILES)).files)
    assert files == {**dict(FILES.files), **generated(PM, beside=dict(FILES.files))}
    assert sorted(files) == [
        ".orgsite/prompts/initial.md", ".orgsite/prompts/system.md", ".orgsite/workspace.json",
        "notes.md", "prompts/initial.md", "workspace.json",
    ]  # fmt: skip


def test_each_prompt_is_a_file_of_its_text() -> None:
    files = generated(replace(PM, spec={"initial_prompt": "Gö", "idle_prompt": "Rest", "system_prompt": ""}))
    assert {path: text for path, text in files.items() if "/prompts/" in path} == {
        ".orgsite/prompts/initial.md": "Gö".encode(),
        ".orgsite/prompts/idle.md": b"Rest",
    }


def test_the_description_holds_all_that_was_declared() -> None:
    told = described(PM)
    assert {key: told[key] for key in ("id", "name", "organization", "tier", "plugins")} == {
        "id": str(PM.id), "name": "Prüfer", "organization": "acme", "tier": 3, "plugins": ["b", "a"],
    }  # fmt: skip
    assert told["spec"] == PM.spec
    assert told["schedules"] == [
        {"name": "Pulse", "cron_expr": "*/5 * * * *", "timezone": "Europe/Berlin", "prompt": "Look", "enabled": False}
    ]


def test_the_description_lists_all_files_that_are_there_now() -> None:
    files = dict(FolderFiles.from_tar(config_archive(PM, FILES)).files)
    assert json.loads(files[".orgsite/workspace.json"])["files"] == sorted(files)


def test_it_is_text_for_people_with_its_keys_in_order() -> None:
    text = generated(PM)[".orgsite/workspace.json"].decode()
    assert '  "name": "Prüfer",\n' in text
    assert list(described(PM)) == sorted(described(PM))
    assert text.endswith("}\n")


def test_the_same_workspace_gives_the_same_tar() -> None:
    other = replace(PM, spec=dict(reversed(PM.spec.items())))
    assert config_archive(PM, FILES) == config_archive(other, FILES)
    assert config_archive(PM, FILES) != config_archive(replace(PM, tier=1), FILES)


@pytest.mark.parametrize("spec", [{}, {"initial_prompt": 5, "plugins": None}, {"idle_prompt": ["a"]}])
def test_whatever_was_written_by_hand_is_described_and_makes_no_file(spec: dict[str, Any]) -> None:
    config = replace(PM, spec=spec, schedules=())
    assert list(generated(config)) == [".orgsite/workspace.json"]
    assert described(config)["spec"] == spec
    assert described(config)["plugins"] == []
