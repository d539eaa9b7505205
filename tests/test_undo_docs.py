"""`docs/undo.md` has every field and key, every sentence about what is in the way, and the options of both commands."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command

from tests.processes import ROOT
from tests.test_import_docs import DJANGO
from workspaces.access import SYSTEM
from workspaces.api.undo_schemas import UndoAnswer, UndoConflict, UndoFields
from workspaces.core.planning import undo_words
from workspaces.core.planning.undo_places import Obstacle
from workspaces.management.commands import restore, undo
from workspaces.models import ImportRun, Workspace
from workspaces.services.security.accounts import create_organization

PAGE = (ROOT / "docs" / "undo.md").read_text(encoding="utf-8")
SENTENCES = [
    *(undo_words.words_of(each, name="Dev Lead", stood_below=()) for each in Obstacle),
    undo_words.words_of(Obstacle.PARENT_GONE, name="QA", stood_below=("PM", "Dev Lead")),
    undo_words.MOVED_SINCE, undo_words.REMOVED_SINCE, undo_words.REMOVED_AGAIN, undo_words.GOING_DATA,
    *(undo_words.held_by("Dev Lead", itself=False, protected=protected) for protected in (True, False)),
    undo_words.held_by("Dev Lead", itself=True, protected=True),
    undo_words.fields_left(["role"], by_hand=(), without_files=False),
    undo_words.fields_left((), by_hand=["Pulse"], without_files=False),
    undo_words.fields_left((), by_hand=(), without_files=True),
]  # fmt: skip


@pytest.mark.parametrize(
    "name", sorted({*UndoFields().fields, *UndoAnswer().fields, *UndoConflict().fields} - {"errors"})
)
def test_every_field_and_every_key_stands_there(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("sentence", SENTENCES)
def test_whatever_can_be_in_the_way_stands_there_with_what_to_do(sentence: str) -> None:
    assert f"\n| {sentence} | " in PAGE


@pytest.mark.parametrize("command", [undo, restore])
def test_every_option_stands_there_but_for_those_of_django(command: object) -> None:
    parser = command.Command().create_parser("manage.py", "command")  # type: ignore[attr-defined]
    options = {option for action in parser._actions for option in action.option_strings if option.startswith("--")}
    assert {option for option in options if option not in PAGE} <= DJANGO


@pytest.mark.django_db
def test_the_example_shows_what_the_command_shows(capsys: pytest.CaptureFixture[str]) -> None:
    block = re.findall(r"^```\n(\$ manage.py .+?)\n```$", PAGE, re.DOTALL | re.MULTILINE)[0]
    look, *shown, do = block.split("\n")
    create_organization("acme", name="Acme", actor=SYSTEM)
    call_command("import_org", "examples/dev-tree-before", "--org", "acme")
    replace = ("--mode", "reconcile", "--no-moves", "--confirm-removals", "8")
    call_command("import_org", "examples/dev-tree-after", "--org", "acme", *replace)
    call_command("cascade_delete", str(Workspace.objects.live().get(name="QA Engineer").pk), "--yes")
    run = ImportRun.objects.get(mode="reconcile").number
    capsys.readouterr()
    with pytest.raises(SystemExit):
        call_command(*arguments(look, run))
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in shown if line != "…" and line not in lines] == []
    call_command(*arguments(do, run))
    assert Workspace.objects.live().count() == 9


def arguments(line: str, run: int) -> list[str]:
    return line.removeprefix("$ manage.py ").replace("148", str(run)).split()
