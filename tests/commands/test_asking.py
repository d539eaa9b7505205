"""On a terminal: the plan is shown and asked about before anything goes, and colours say what goes and what comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from audit.models import StructureEvent
from tests.commands.conftest import Run
from workspaces.models import Workspace
from workspaces.services.containers.installation import installation

pytestmark = pytest.mark.once

RED, GREEN, CYAN = "\x1b[31", "\x1b[32", "\x1b[36"
QUESTION = "Type 2, the number of workspaces to remove: "


@pytest.mark.parametrize("typed", ["n\n", "yes\n", "3\n", "2 workspaces\n", "\n", "\x04"])
def test_a_reconcile_asks_and_any_other_answer_changes_nothing(terminal: Run, reconcile: list[str], typed: str) -> None:
    events = StructureEvent.objects.count()
    status, seen = terminal(*reconcile, typed=typed)
    assert (status, QUESTION in seen, "same name as Dev Lead" in seen) == (1, True, True)
    assert "Not confirmed. Nothing was changed." in seen
    assert StructureEvent.objects.count() == events


def test_the_right_number_applies_what_was_shown(terminal: Run, reconcile: list[str]) -> None:
    status, seen = terminal(*reconcile, typed="2\n")
    assert (status, Workspace.objects.live().filter(parent=None).count()) == (0, 3), seen
    assert seen.index("same name as") < seen.index(QUESTION) < seen.index("Applied as run")
    assert seen.count("same name as") == 2  # the tree is printed once


def test_a_tree_that_changes_while_somebody_reads_is_not_touched(
    terminal: Run, reconcile: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly what was shown, or nothing: between the plan and the answer somebody protects a workspace."""
    from workspaces.management.command_base import OrgCommand

    def protect(command: OrgCommand, count: int, what: str) -> None:
        Workspace.objects.filter(name="Dev Lead").update(protected=True)

    monkeypatch.setattr(OrgCommand, "confirm", protect)
    status, seen = terminal(*reconcile)
    assert (status, Workspace.objects.live().filter(parent=None).count()) == (1, 1)
    assert "changed since this plan was made" in seen


@pytest.mark.parametrize("way", ["--yes", "--json", "merge", "--dry-run", "pipe"])
def test_otherwise_nobody_is_asked(terminal: Run, reconcile: list[str], way: str) -> None:
    if way == "pipe":
        call_command(*reconcile)
        return
    merge = [*reconcile[:4], "--mode", "merge"]
    status, seen = terminal(*(merge if way == "merge" else [*reconcile, way]))
    assert (status, QUESTION in seen) == (2 if way == "--dry-run" else 0, False), seen


@pytest.mark.parametrize("more", [[], ["--yes"]])
@pytest.mark.parametrize("number", [[], ["--confirm-removals", "1"]])
def test_neither_yes_nor_an_answer_takes_the_place_of_the_guard(
    terminal: Run, reconcile: list[str], more: list[str], number: list[str], settings: Any
) -> None:
    settings.ORGSITE_REMOVAL_GUARD = 0.1
    status, seen = terminal(*reconcile[:-2], *number, *more, typed="2\n")
    assert (status, QUESTION in seen, "--confirm-removals 2" in seen) == (1, False, True), seen
    assert "same name as Dev Lead" in seen
    assert Workspace.objects.live().filter(parent=None).count() == 1


def test_a_fingerprint_that_no_longer_fits_is_said_before_anybody_is_asked(terminal: Run, reconcile: list[str]) -> None:
    status, seen = terminal(*reconcile, "--fingerprint", "0" * 64, typed="2\n")
    assert (status, QUESTION in seen) == (1, False)
    assert "changed since this plan was made" in seen


@pytest.fixture
def moves(reconcile: list[str]) -> list[str]:
    """The same tree; these arguments move two and remove none."""
    return [each for each in reconcile if each not in ("--no-moves", "--confirm-removals", "2")]


@pytest.mark.parametrize(("typed", "status", "roots"), [("2\n", 0, 3), ("n\n", 1, 1), ("0\n", 1, 1)])
def test_a_move_is_asked_about_too(terminal: Run, moves: list[str], typed: str, status: int, roots: int) -> None:
    found, seen = terminal(*moves, typed=typed)
    assert "Type 2, the number of workspaces to move: " in seen
    assert (found, Workspace.objects.live().filter(parent=None).count()) == (status, roots), seen
    assert "Plan: 0 to create, 1 to keep, 2 to move, 0 to remove." in seen


def test_so_is_a_move_in_merge_and_yes_skips_the_question(terminal: Run, moves: list[str]) -> None:
    merge = [*moves[:4], "--moves"]
    status, seen = terminal(*merge, typed="n\n")
    assert (status, "the number of workspaces to move" in seen) == (1, True)
    status, seen = terminal(*merge, "--yes")
    assert (status, "Type" in seen, Workspace.objects.filter(parent=None).count()) == (0, False, 3)


def test_nothing_is_asked_where_nothing_live_is_disturbed(terminal: Run, moves: list[str], tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("name: Dev\nworkspaces:\n  - {name: PM, role: leads}\n  - name: Cook\n")
    status, seen = terminal("import_org", str(tmp_path / "more.yaml"), "--org", "acme", "--mode", "reconcile")
    assert (status, "Type" in seen, Workspace.objects.get(name="PM").role) == (0, False, "leads"), seen
    assert seen.index("~ PM") < seen.index("Applied as run")


@pytest.mark.parametrize(("typed", "status", "runtime"), [("1\n", 0, "new"), ("y\n", 1, "langgraph")])
def test_a_restart_is_asked_about_too(
    terminal: Run, tree: list[str], settings: Any, tmp_path: Path, typed: str, status: int, runtime: str
) -> None:
    settings.ORGSITE_ENGINE, settings.ORGSITE_RUNTIME_IMAGES = "fake", {"*": "agent:1"}
    installation()
    call_command(*tree)
    (tmp_path / "org.yaml").write_text("name: Dev\nworkspaces:\n  - {name: PM, runtime: new}\n")
    found, seen = terminal(*tree, "--updates", typed=typed)
    assert "the template changed runtime; restarts" in seen
    assert "Type 1, the number of workspaces to restart: " in seen
    assert (found, Workspace.objects.get(name="PM").runtime) == (status, runtime), seen


@pytest.mark.parametrize(("typed", "status", "left"), [("1\n", 1, 3), ("3\n", 0, 0)])
def test_a_cascade_delete_asks_as_well(terminal: Run, reconcile: list[str], typed: str, status: int, left: int) -> None:
    found, seen = terminal("cascade_delete", str(Workspace.objects.get(name="PM").pk), typed=typed)
    assert "Type 3, the number of workspaces to remove: " in seen
    assert (found, Workspace.objects.live().count()) == (status, left), seen


# ---- colours


def line_with(seen: str, text: str) -> str:
    return next(line for line in seen.splitlines() if text in line)


def test_what_goes_is_red_what_comes_is_green_and_progress_is_neither(terminal: Run, reconcile: list[str]) -> None:
    _, seen = terminal(*reconcile, "--yes")
    assert RED in line_with(seen, "same name as Dev Lead")
    assert GREEN in line_with(seen, "not live yet")
    assert GREEN in line_with(seen, "Applied as run")
    for progress in ("Reading", "Comparing", "= PM"):
        assert "\x1b" not in line_with(seen, progress)


def test_what_moves_has_a_colour_of_its_own(terminal: Run, moves: list[str]) -> None:
    _, seen = terminal(*moves, "--yes")
    assert CYAN in line_with(seen, "from PM › Dev Lead")


@pytest.mark.parametrize("way", ["setting", "option", "django"])
def test_nobody_gets_colours_who_wants_none(
    terminal: Run, reconcile: list[str], way: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NO_COLOR = way == "setting"
    if way == "django":
        monkeypatch.setenv("DJANGO_COLORS", "nocolor")
    status, seen = terminal(*reconcile, "--yes", *(["--no-color"] if way == "option" else []))
    assert (status, "\x1b" in seen) == (0, False)


def test_a_pipe_gets_no_colours(reconcile: list[str], capsys: Any) -> None:
    call_command(*reconcile)
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
