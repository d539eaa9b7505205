"""`undo RUN` and `restore ID…`: shown, asked about on a terminal, and guarded as over REST."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from lib.database_clock import database_now
from tests.commands.conftest import Run
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.api.undo_schemas import UndoAnswer
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Container, ImportRun, Organization, Workspace
from workspaces.services.containers.installation import installation
from workspaces.services.imports.importing import apply_import
from workspaces.services.removal.cascading import cascade_delete

TREE = {"PM": {"Dev Lead": {"QA": {}, "Cook": {}}, "Writer": {}}}
SHELL = Actor(name="alice")

pytestmark = pytest.mark.once


@pytest.fixture
def merged(organization: Organization) -> ImportRun:
    return apply_import(organization, loaded(TREE), mode=Mode.MERGE, actor=SHELL).run


@pytest.fixture
def removed(merged: ImportRun) -> ImportRun:
    """The run that removed Dev Lead with the two below it."""
    return cascade_delete([key_of("Dev Lead")], actor=SHELL).runs[0]


def key_of(name: str) -> Any:
    return Workspace.objects.get(name=name).pk


def live() -> int:
    return Workspace.objects.live().count()


def ended(*arguments: object) -> int:
    """The exit status of a command that succeeds."""
    try:
        call_command(*map(str, arguments))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def refused(*arguments: object) -> str:
    with pytest.raises(CommandError) as error:
        call_command(*map(str, arguments))
    assert error.value.returncode == 1
    return str(error.value)


# ---- undo


def test_a_dry_run_shows_the_plan_changes_nothing_and_ends_with_2(removed: ImportRun, capsys: Any) -> None:
    assert (ended("undo", removed.number, "--dry-run"), live()) == (2, 2)
    assert capsys.readouterr().out == (
        "· PM          that run did not touch it\n"
        "^   Dev Lead  removed by that run\n"
        "^     Cook    removed by that run\n"
        "^     QA      removed by that run\n"
        "·   Writer    that run did not touch it\n"
        "Plan: 3 to restore, 0 to create, 0 to keep, 0 to remove.\n"
    )


@pytest.mark.parametrize("way", ["number", "hash", "id"])
def test_a_run_has_a_number_and_an_id(removed: ImportRun, capsys: Any, way: str) -> None:
    named = {"number": str(removed.number), "hash": f"#{removed.number}", "id": str(removed.pk)}[way]
    assert (ended("undo", named, "--reason", "a mistake"), live()) == (0, 5)
    run = ImportRun.objects.get(mode="undo")
    assert (run.undoes_id, run.reason) == (removed.pk, "a mistake")
    said = capsys.readouterr()
    assert ("^   Dev Lead" in said.out, said.err) == (True, f"Undone by run {run.number}.\n")


@pytest.mark.parametrize("named", ["0", "999999", "9" * 40, "nothing", "00000000-0000-4000-8000-000000000000", "²"])
def test_what_names_no_run_is_a_sentence(removed: ImportRun, named: str) -> None:
    assert named in refused("undo", named)
    assert live() == 2


def test_in_json_it_answers_as_rest_does(removed: ImportRun, capsys: Any) -> None:
    assert ended("undo", removed.number, "--dry-run", "--json") == 2
    dry = json.loads(capsys.readouterr().out)
    assert ended("undo", removed.number, "--json", "--fingerprint", dry["fingerprint"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert set(UndoAnswer().fields) == set(dry)
    assert (done["run_id"], done["restored"]) == (str(ImportRun.objects.get(mode="undo").pk), dry["restored"])


def test_a_plan_that_was_applied_or_has_changed_is_not_applied(removed: ImportRun, capsys: Any) -> None:
    assert "changed since this plan was made" in refused("undo", removed.number, "--fingerprint", "0" * 64)
    assert "^   Dev Lead" in capsys.readouterr().out
    ended("undo", removed.number, "--dry-run", "--json")
    shown = json.loads(capsys.readouterr().out)["fingerprint"]
    ended("undo", removed.number)
    run = ImportRun.objects.get(mode="undo", state="completed")
    assert f"applied already, by run {run.pk}" in refused("undo", removed.number, "--fingerprint", shown)


def test_where_nothing_is_left_it_says_so_and_a_dry_run_ends_with_0(removed: ImportRun, capsys: Any) -> None:
    ended("undo", removed.number)
    why = refused("undo", removed.number)
    assert f"Run #{removed.number} is undone already" in why
    assert (ended("undo", removed.number, "--dry-run"), why in capsys.readouterr().out) == (0, True)


def test_what_is_in_the_way_is_shown_with_what_to_do(
    removed: ImportRun, organization: Organization, capsys: Any
) -> None:
    apply_import(organization, loaded({"PM": {"Dev Lead": {}}}), mode=Mode.MERGE, actor=SHELL)
    assert "rename or remove that one first" in refused("undo", removed.number)
    assert "×   Dev Lead  another workspace has the name Dev Lead at its place" in capsys.readouterr().out


def test_the_guard_takes_the_exact_number_with_yes_too(merged: ImportRun, capsys: Any) -> None:
    for numbers in ((), ("--confirm-removals", "4")):
        assert refused("undo", merged.number, "--yes", *numbers).endswith("On the command line: --confirm-removals 5")
    assert (ended("undo", merged.number, "--confirm-removals", "5"), live()) == (0, 0)


# ---- on a terminal


@pytest.mark.parametrize(("typed", "status", "left"), [("5\n", 0, 0), ("yes\n", 1, 5), ("\x04", 1, 5)])
def test_it_asks_before_anything_goes(terminal: Run, merged: ImportRun, typed: str, status: int, left: int) -> None:
    found, seen = terminal("undo", str(merged.number), "--confirm-removals", "5", typed=typed)
    assert "Type 5, the number of workspaces to remove: " in seen
    assert (found, live(), seen.count("created by that run")) == (status, left, 5), seen


def test_neither_yes_nor_an_answer_takes_the_place_of_the_guard(terminal: Run, merged: ImportRun) -> None:
    for more in ([], ["--yes"]):
        status, seen = terminal("undo", str(merged.number), *more, typed="5\n")
        assert (status, "Type" in seen, "--confirm-removals 5" in seen) == (1, False, True), seen
    assert live() == 5


@pytest.mark.parametrize("more", [[], ["--yes"], ["--json"]])
def test_nobody_is_asked_where_something_only_comes_back(terminal: Run, removed: ImportRun, more: list[str]) -> None:
    status, seen = terminal("undo", str(removed.number), *more)
    assert (status, "Type" in seen, live()) == (0, False, 5), seen


def test_what_moves_back_is_asked_about(terminal: Run, merged: ImportRun, organization: Organization) -> None:
    tree = {"PM": {"Dev Lead": {"Cook": {}}, "Writer": {"QA": {}}}}
    run = apply_import(organization, loaded(tree), mode=Mode.RECONCILE, actor=SHELL).run
    assert run.moved_count == 1
    status, seen = terminal("undo", str(run.number), typed="no\n")
    assert (status, "Type 1, the number of workspaces to move: " in seen) == (1, True)
    status, seen = terminal("undo", str(run.number), "--yes")
    assert (status, Workspace.objects.get(name="QA").parent.name) == (0, "Dev Lead"), seen  # type: ignore[union-attr]


# ---- data that was destroyed


@pytest.fixture
def purged(settings: Any, organization: Organization) -> ImportRun:
    """A run that removed three, whose data was destroyed since."""
    settings.ORGSITE_ENGINE, settings.ORGSITE_RUNTIME_IMAGES = "fake", {"*": "agent:1"}
    installation()
    apply_import(organization, loaded(TREE), mode=Mode.MERGE, actor=SHELL)
    run = cascade_delete([key_of("Dev Lead")], actor=SHELL).runs[0]
    purge()
    return run


def purge() -> None:
    gone = Container.objects.filter(workspace__status="removed")
    gone.update(purge_at=None, purged_at=database_now(), due_at=None, observed="absent")


def test_what_comes_back_empty_takes_its_number(purged: ImportRun, capsys: Any) -> None:
    assert refused("undo", purged.number, "--yes").endswith("On the command line: --confirm-data-loss 3")
    assert "its data was destroyed, it comes back empty" in capsys.readouterr().out
    assert (ended("undo", purged.number, "--confirm-data-loss", "3"), live()) == (0, 5)


@pytest.mark.parametrize("command", ["undo", "restore"])
def test_and_it_is_asked_about(terminal: Run, purged: ImportRun, command: str) -> None:
    what = str(purged.number if command == "undo" else key_of("Dev Lead"))
    for typed, status in (("2\n", 1), ("3\n", 0)):
        found, seen = terminal(command, what, "--confirm-data-loss", "3", typed=typed)
        assert "Type 3, the number of workspaces that come back empty: " in seen
        assert (found, live()) == (status, 2 if status else 5), seen


# ---- restore


def test_a_workspace_comes_back_with_what_went_with_it(removed: ImportRun, capsys: Any) -> None:
    lead = key_of("Dev Lead")
    assert (ended("restore", lead, "--dry-run"), live()) == (2, 2)
    assert (ended("restore", lead, "--reason", "TICKET-43"), live()) == (0, 5)
    run = ImportRun.objects.get(mode="undo")
    assert (run.restored_count, run.undoes, run.reason) == (3, None, "TICKET-43")
    assert capsys.readouterr().err == f"Restored by run {run.number}.\n"


def test_what_is_live_and_what_has_no_place_is_refused(removed: ImportRun, capsys: Any) -> None:
    assert "Nothing is removed here that could come back" in refused("restore", key_of("PM"))
    assert "restore that one first" in refused("restore", key_of("QA"))
    assert (ended("restore", key_of("QA"), "--dry-run"), live()) == (0, 2)


@pytest.fixture
def gone_twice(removed: ImportRun, elsewhere: Organization) -> list[str]:
    """A removed workspace in each of two organizations."""
    apply_import(elsewhere, loaded({"Baker": {}}), mode=Mode.MERGE, actor=SHELL)
    cascade_delete([key_of("Baker")], actor=SHELL)
    return [str(key_of("Baker")), str(key_of("Dev Lead"))]


def test_several_organizations_have_a_run_each(gone_twice: list[str], capsys: Any) -> None:
    assert (ended("restore", *gone_twice, "--json"), live()) == (0, 6)
    told = json.loads(capsys.readouterr().out)
    assert [(each["organization"], each["restored_count"]) for each in told] == [("acme", 3), ("elsewhere", 1)]
    runs = ImportRun.objects.filter(mode="undo").order_by("organization__slug")
    assert [str(run.pk) for run in runs] == [each["run_id"] for each in told]
    assert [run.state for run in runs] == ["completed", "completed"]


def test_they_are_shown_one_by_one(terminal: Run, gone_twice: list[str]) -> None:
    status, seen = terminal("restore", *gone_twice)
    first, second = ImportRun.objects.filter(mode="undo").order_by("number")
    assert seen.index("Organization acme:") < seen.index("^   Dev Lead") < seen.index("Organization elsewhere:")
    assert (status, f"Restored by run {first.number} and {second.number}." in seen) == (0, True), seen


def test_where_one_of_them_cannot_come_back_none_does(gone_twice: list[str], elsewhere: Organization) -> None:
    apply_import(elsewhere, loaded({"Baker": {}}), mode=Mode.MERGE, actor=SHELL)
    assert "Baker: another workspace has the name" in refused("restore", *gone_twice)
    assert live() == 3
    assert [run.state for run in ImportRun.objects.filter(mode="undo")] == ["refused", "refused"]


def test_what_comes_back_empty_is_counted_over_all(purged: ImportRun, elsewhere: Organization) -> None:
    apply_import(elsewhere, loaded({"Baker": {}}), mode=Mode.MERGE, actor=SHELL)
    cascade_delete([key_of("Baker")], actor=SHELL)
    purge()
    both = [key_of("Baker"), key_of("Dev Lead")]
    for number in ([], ["--confirm-data-loss", "3"], ["--confirm-data-loss", "1"]):
        assert refused("restore", *both, *number).endswith("On the command line: --confirm-data-loss 4")
    assert (ended("restore", *both, "--confirm-data-loss", "4"), live()) == (0, 6)


def test_a_tree_that_changes_while_somebody_reads_is_not_touched(
    terminal: Run, purged: ImportRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workspaces.management.command_base import OrgCommand

    def protect(command: OrgCommand, count: int, what: str) -> None:
        Workspace.objects.filter(name="PM").update(protected=True)

    monkeypatch.setattr(OrgCommand, "confirm", protect)
    for command, what in (("undo", purged.number), ("restore", key_of("Dev Lead"))):
        Workspace.objects.update(protected=False)
        status, seen = terminal(command, str(what), "--confirm-data-loss", "3")
        assert (status, live(), "changed since this plan was made" in seen) == (1, 2, True), seen
