"""On a terminal: the plan is shown and asked about before anything goes, and colours say what goes and what comes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.commands.conftest import MOVED, TREE, Shell

RED, GREEN, YELLOW = "\x1b[31", "\x1b[32", "\x1b[33"
QUESTION = "Type 2, the number of workspaces to remove: "


@pytest.fixture
def reconcile(shell: Shell) -> list[str]:
    """The accident about to be repaired: 3 are live, 2 of them would go and 2 come."""
    shell.run("import_org", shell.write(TREE))
    return ["import_org", shell.write(MOVED, "moved.yaml"), "--mode", "reconcile", "--confirm-removals", "2"]


@pytest.mark.parametrize(
    ("typed", "status"), [("n\n", 1), ("yes\n", 1), ("3\n", 1), ("\n", 1), ("\x04", 1), ("\x03", 130)]
)
def test_a_reconcile_on_a_terminal_asks_and_any_other_answer_changes_nothing(
    shell: Shell, reconcile: list[str], typed: str, status: int
) -> None:
    before = shell.events()
    ended, seen = shell.on_terminal(*reconcile, typed=typed)
    assert QUESTION in seen
    assert "same name as Dev Lead" in seen
    assert "Nothing was changed." in seen
    assert (ended, shell.events()) == (status, before)


def test_the_right_number_applies_what_was_shown(shell: Shell, reconcile: list[str]) -> None:
    ended, seen = shell.on_terminal(*reconcile, typed="2\n")
    assert (ended, shell.live()) == (0, 3), seen
    assert seen.index("same name as") < seen.index(QUESTION) < seen.index("Applied as run")
    assert seen.count("same name as") == 2  # the tree is printed once


@pytest.mark.parametrize("way", ["--yes", "--json", "pipe", "merge", "dry run"])
def test_otherwise_nobody_is_asked(shell: Shell, reconcile: list[str], way: str) -> None:
    if way == "pipe":
        assert shell.run(*reconcile).returncode == 0
        return
    merge, look = ["import_org", reconcile[1]], [*reconcile, "--dry-run"]
    arguments = {"merge": merge, "dry run": look}.get(way, [*reconcile, way])
    ended, seen = shell.on_terminal(*arguments)
    assert (ended, QUESTION in seen) == (2 if way == "dry run" else 0, False), seen


def test_yes_skips_the_question_and_never_the_guard(shell: Shell, reconcile: list[str]) -> None:
    before = shell.events()
    for arguments in (reconcile[:-2], [*reconcile[:-2], "--confirm-removals", "1"]):
        for more in ([], ["--yes"]):
            ended, seen = shell.on_terminal(*arguments, *more)
            assert (ended, QUESTION in seen) == (1, False), seen
            assert "--confirm-removals 2" in seen
    assert shell.live() == 3
    assert shell.events() >= before


def test_a_cascade_delete_on_a_terminal_asks_as_well(shell: Shell, reconcile: list[str]) -> None:
    (key,) = shell.ask("SELECT id FROM workspaces_workspace WHERE name = 'PM'")
    ended, seen = shell.on_terminal("cascade_delete", str(key), typed="1\n")
    assert (ended, shell.live()) == (1, 3)
    assert "Type 3, the number of workspaces to remove: " in seen
    ended, seen = shell.on_terminal("cascade_delete", str(key), typed="3\n")
    assert (ended, shell.live()) == (0, 0), seen


# ---- colours


def line_with(seen: str, text: str) -> str:
    return next(line for line in seen.splitlines() if text in line)


def test_what_goes_is_red_what_comes_is_green_and_progress_is_neither(shell: Shell, reconcile: list[str]) -> None:
    _, seen = shell.on_terminal(*reconcile, "--yes")
    assert RED in line_with(seen, "same name as Dev Lead")
    assert GREEN in line_with(seen, "not live yet")
    assert GREEN in line_with(seen, "Applied as run")
    for progress in ("Reading", "Comparing"):
        assert "\x1b" not in line_with(seen, progress)


def test_an_error_is_red(shell: Shell) -> None:
    _, seen = shell.on_terminal("import_org", "nothing.yaml")
    assert RED in line_with(seen, "CommandError")


@pytest.mark.parametrize(
    "way", [{"NO_COLOR": "1"}, {"DJANGO_COLORS": "nocolor"}, {"flag": "--no-color"}, {"TERM": "dumb"}]
)
def test_nobody_gets_colours_who_wants_none(shell: Shell, reconcile: list[str], way: dict[str, str]) -> None:
    way = dict(way)
    flags = [way.pop("flag")] if "flag" in way else []
    ended, seen = shell.on_terminal(*reconcile, "--yes", *flags, **way)
    assert (ended, "\x1b" in seen) == (0, False)


def test_a_pipe_gets_no_colours(shell: Shell, reconcile: list[str], uncoloured: Callable[[str], str]) -> None:
    said = shell.run(*reconcile)
    text = (said.stdout + said.stderr).decode()
    assert text == uncoloured(text)
