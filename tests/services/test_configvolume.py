"""Config volumes from the rows: what was imported is what an agent will find."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from tests.zips import loaded_zip, team
from workspaces.access import Actor
from workspaces.core.filesets import FolderFiles
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Organization, Workspace
from workspaces.services.containers.provisioning import stored_files, workspace_archives
from workspaces.services.imports.importing import apply_import
from workspaces.services.templates.loader import LoadedTemplate

ORG = """
name: Dev team
defaults: {plugins: [search], idle_prompt_file: idle.md}
workspaces:
- name: PM
  files_dir: pm
  initial_prompt_file: start.md
  system_prompt: You lead.
  odd: [1, 2.5, {deep: "ß"}]
  schedules:
  - {name: Pulse, cron_expr: "*/5 * * * *", prompt_file: pulse.md}
  - {name: Noon, cron_expr: "0 12 * * *", prompt: Eat}
  children: [{name: QA, files_dir: pm}, {name: Bare}]
"""
FILES: dict[str, str | bytes] = {
    "org.yaml": ORG, "idle.md": "Rest", "pm/start.md": "Go", "pm/pulse.md": "Look", "pm/bin/logo": b"\x89\0",
}  # fmt: skip
FOLDER = {"start.md": b"Go", "pulse.md": b"Look", "bin/logo": b"\x89\0"}


def run(organization: Organization, template: LoadedTemplate) -> None:
    apply_import(organization, template, mode=Mode.MERGE, actor=Actor(name="alice"))


def unpacked(tar: bytes) -> dict[str, bytes]:
    return dict(FolderFiles.from_tar(tar).files)


@pytest.fixture
def team_of_three(organization: Organization) -> Organization:
    run(organization, loaded_zip(FILES))
    return organization


def volume_of(name: str) -> dict[str, bytes]:
    row = Workspace.objects.get(name=name)
    return unpacked(workspace_archives([row.pk])[row.pk])


def test_files_prompts_and_description_of_an_imported_workspace(team_of_three: Organization) -> None:
    volume = volume_of("PM")
    prompts = {"initial": b"Go", "idle": b"Rest", "system": b"You lead."}
    generated = {f".orgsite/prompts/{name}.md": text for name, text in prompts.items()}
    told = json.loads(volume.pop(".orgsite/workspace.json"))
    assert volume == FOLDER | generated
    assert (told["plugins"], told["spec"]["odd"]) == (["search"], [1, 2.5, {"deep": "ß"}])
    assert [(each["name"], each["prompt"]) for each in told["schedules"]] == [("Noon", "Eat"), ("Pulse", "Look")]


def test_one_without_a_folder_has_what_was_generated_alone(team_of_three: Organization) -> None:
    volume = volume_of("Bare")
    assert sorted(volume) == [".orgsite/prompts/idle.md", ".orgsite/workspace.json"]


def test_many_are_made_at_once_and_each_is_what_it_is_alone(team_of_three: Organization) -> None:
    rows = list(Workspace.objects.all())
    archives = workspace_archives([*(row.pk for row in rows), uuid4()])
    assert archives == {row.pk: workspace_archives([row.pk])[row.pk] for row in rows}


def test_many_take_three_queries_like_one(organization: Organization, django_assert_num_queries) -> None:
    run(organization, team(**{f"w{number}": f"content {number}" for number in range(50)}))
    ids = list(Workspace.objects.values_list("pk", flat=True))
    for count in (1, 50):
        with django_assert_num_queries(3):
            assert len(workspace_archives(ids[:count])) == count


def test_the_stored_files_are_listed_with_their_sizes(team_of_three: Organization) -> None:
    listed = [("bin/logo", 2), ("pulse.md", 4), ("start.md", 2)]
    assert stored_files(Workspace.objects.get(name="QA")) == listed
    assert stored_files(Workspace.objects.get(name="Bare")) == []
