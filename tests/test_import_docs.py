"""`docs/imports.md` has every field of an import, every key of its answer, and every option of the command."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command

from tests.processes import ROOT
from workspaces.access import SYSTEM
from workspaces.api.answer_schemas import ImportAnswer
from workspaces.api.serializers import ImportFields
from workspaces.core.plan_words import WORDS
from workspaces.management.commands.import_org import Command
from workspaces.services.security.accounts import create_organization

DJANGO = {
    "--help", "--version", "--verbosity", "--settings", "--pythonpath", "--traceback", "--no-color", "--force-color",
}  # fmt: skip
PAGE, UNDO = ((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("imports", "undo"))


@pytest.mark.parametrize("name", sorted({*ImportFields().fields, *ImportAnswer().fields}))
def test_every_field_and_every_key_stands_there(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_every_option_stands_there_but_for_those_of_django() -> None:
    parser = Command().create_parser("manage.py", "import_org")
    options = {option for action in parser._actions for option in action.option_strings if option.startswith("--")}
    assert {option for option in options if f"`{option}`" not in PAGE and f"{option} " not in PAGE} == DJANGO


@pytest.mark.django_db
@pytest.mark.parametrize("number", [0, 1])
def test_an_example_shows_what_the_command_shows(capsys: pytest.CaptureFixture[str], number: int) -> None:
    blocks = re.findall(r"^```\n\$ manage.py (.+?)\n```$", PAGE, re.DOTALL | re.MULTILINE)
    command, *shown = blocks[number].split("\n")
    for slug, names in {"evening": ["before"], "accident": ["before", "after"]}.items():
        create_organization(slug, name=slug, actor=SYSTEM)
        for name in names:
            call_command("import_org", f"examples/dev-tree-{name}", "--org", slug)
    capsys.readouterr()
    with pytest.raises(SystemExit):
        call_command(*command.split())
    lines = capsys.readouterr().out.splitlines()
    assert len(blocks) == 2
    assert [line for line in shown if line != "…" and line not in lines] == []


def test_every_action_stands_there_with_its_sign() -> None:
    for word in WORDS.values():
        assert any(f"| `{word.sign}` | {word.word} |" in page for page in (PAGE, UNDO)), word
