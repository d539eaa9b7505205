"""A prompt file that does not exist: an error, unless the import says that a warning will do."""

from __future__ import annotations

import pytest

from tests.texts import ZONES, MemoryFiles, inline, problems
from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.reader import read_tree
from workspaces.core.template import Template
from workspaces.core.validating.validation import validate
from workspaces.core.validating.validation_context import MissingFiles

ORG = """name: x
defaults: {idle_prompt: inherited, initial_prompt: inherited}
workspaces:
- name: A
  files_dir: a
  initial_prompt_file: gone.md
  idle_prompt_file: ../gone too.md
  schedules:
  - {name: S, cron_expr: "0 0 * * *", prompt_file: gone.md, enabled: true}
  - {name: T, cron_expr: "0 0 * * *", prompt_file: there.md}
  - {name: U, cron_expr: "0 0 * * *", prompt_file: empty.md}
"""
FILES = {"org.yaml": ORG, "a/there.md": "Go", "a/empty.md": ""}


def load(missing: MissingFiles = MissingFiles.WARN, **changed: str) -> Template:
    source = read_tree(
        MemoryFiles({**FILES, **{name.replace("__", "/"): text for name, text in changed.items()}}), TemplateLimits()
    )
    return validate(source.document, files=source.files, limits=TemplateLimits(), zones=ZONES, missing=missing)


def test_as_an_error_all_of_them_are_told_at_once() -> None:
    assert problems(load, MissingFiles.ERROR) == [
        "org.yaml:6 workspaces[0].initial_prompt_file: the prompt file gone.md: a/gone.md does not exist",
        "org.yaml:7 workspaces[0].idle_prompt_file: the prompt file ../gone too.md: gone too.md does not exist",
        "org.yaml:9 workspaces[0].schedules[0].prompt_file: the prompt file gone.md: a/gone.md does not exist",
    ]


def test_as_a_warning_the_prompt_stays_empty_and_its_schedule_disabled() -> None:
    (node,) = load().workspaces
    assert (node.spec["initial_prompt"], node.spec["idle_prompt"]) == ("", "")
    assert [(each.name, each.prompt, each.enabled) for each in node.schedules] == [
        ("S", "", False), ("T", "Go", True), ("U", "", True),
    ]  # fmt: skip


def test_each_is_a_warning_with_all_its_places() -> None:
    assert load().warnings == (
        "the prompt file gone.md: a/gone.md does not exist, so the prompt is empty: "
        "workspaces[0].initial_prompt_file (org.yaml:6), workspaces[0].schedules[0].prompt_file (org.yaml:9)",
        "the prompt file ../gone too.md: gone too.md does not exist, so the prompt is empty: "
        "workspaces[0].idle_prompt_file (org.yaml:7)",
        "disabled, because its prompt file does not exist: workspaces[0].schedules[0] (org.yaml:9)",
    )


def test_an_inline_text_still_wins_without_a_warning() -> None:
    org = "name: x\nworkspaces: [{name: A, initial_prompt: here, initial_prompt_file: gone.md}]"
    template = load(**{"org.yaml": org})
    assert (template.workspaces[0].spec["initial_prompt"], template.warnings) == ("here", ())


def test_in_the_defaults_it_is_empty_for_all() -> None:
    org = "name: x\ndefaults: {initial_prompt_file: gone.md}\nworkspaces: [{name: A}, {name: B, initial_prompt: own}]"
    template = load(**{"org.yaml": org})
    assert [node.spec["initial_prompt"] for node in template.walk()] == ["", "own"]
    assert len(template.warnings) == 1


def test_the_digest_says_what_became_of_it_and_not_how_it_was_asked_for() -> None:
    whole = {"a__gone.md": "x", "gone too.md": "y"}
    assert load(**whole).digest == load(MissingFiles.ERROR, **whole).digest
    assert load(**whole).digest != load().digest


@pytest.mark.parametrize(
    "text", ["initial_prompt_file: ../../x", "initial_prompt_file: .env", "initial_prompt_file: a", "tier: 9"]
)
def test_nothing_else_becomes_a_warning(text: str) -> None:
    assert problems(load, **{"org.yaml": f"name: x\nworkspaces: [{{name: A, {text}}}]", "a__b": "c"})


def test_a_missing_include_stays_an_error() -> None:
    assert "does not exist" in problems(load, **{"org.yaml": "name: x\nworkspaces: [!include no.yaml]"})[0]


def test_a_text_without_files_around_it_has_none_to_miss() -> None:
    text = "name: x\nworkspaces: [{name: A, initial_prompt_file: gone.md}]"
    assert "needs a directory or a zip" in problems(inline, text)[0]
