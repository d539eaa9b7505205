from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.processes import manage
from workspaces.models import Organization, Workspace

TREE = "name: Dev\nworkspaces:\n  - name: PM\n    children:\n      - name: Dev Lead\n"
MOVED = "name: Dev\nworkspaces:\n  - name: PM\n  - name: Dev Lead\n"
SCRATCH = "name: X\nworkspaces:\n  - {name: PM, children: [{name: Dev Lead, children: [{name: Mine}]}]}\n"


@pytest.fixture
def write(tmp_path: Path, organization: Organization):
    def write_template(text: str, name: str = "org.yaml") -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write_template


def exit_status(*arguments: str) -> int:
    try:
        call_command("import_org", *arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    except CommandError as error:
        return error.returncode
    return 0


def test_it_prints_the_plan_as_a_tree_with_a_summary(write, capsys) -> None:
    call_command("import_org", write(TREE), "--org", "acme")
    assert capsys.readouterr().out == (
        "+ PM          not live yet\n+   Dev Lead  not live yet\nPlan: 2 to create, 0 to keep, 0 to remove.\n"
    )
    assert Workspace.objects.live().count() == 2


def test_a_dry_run_exits_2_on_changes_and_0_without_and_writes_nothing(write) -> None:
    path = write(TREE)
    assert exit_status(path, "--org", "acme", "--dry-run") == 2
    assert not Workspace.objects.exists()
    call_command("import_org", path, "--org", "acme")
    assert exit_status(path, "--org", "acme", "--dry-run") == 0


@pytest.mark.parametrize(
    ("text", "arguments", "sentence"),
    [
        (TREE, ["--mode", "replace"], "use merge or reconcile"),
        (TREE, ["--org", "nowhere"], "create_org nowhere"),
        ("name: Dev\nworkspaces:\n  - name: PM\n    tier: 9\n", [], "org.yaml:4 workspaces[0].tier"),
        ("name: [", [], "org.yaml:"),
    ],
)
def test_an_error_exits_1_with_a_sentence_and_its_line(write, text: str, arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as error:
        call_command("import_org", write(text), "--org", "acme", "--dry-run", *arguments)
    assert sentence in str(error.value)
    assert error.value.returncode == 1


def test_a_path_that_does_not_exist_is_an_error(organization: Organization) -> None:
    assert exit_status("/nonexistent/org.yaml", "--org", "acme") == 1


def test_a_directory_is_read_with_its_includes(tmp_path: Path, organization: Organization) -> None:
    (tmp_path / "org.yaml").write_text("name: Dev\nworkspaces:\n  - !include pm.yaml\n")
    (tmp_path / "pm.yaml").write_text("name: PM\n")
    call_command("import_org", str(tmp_path), "--org", "acme")
    assert Workspace.objects.get().name == "PM"


def test_a_missing_prompt_file_is_an_error_or_a_warning(tmp_path: Path, organization: Organization, capsys) -> None:
    (tmp_path / "org.yaml").write_text("name: Dev\nworkspaces: [{name: PM, initial_prompt_file: gone.md}]")
    assert exit_status(str(tmp_path), "--org", "acme") == 1
    assert exit_status(str(tmp_path), "--org", "acme", "--missing-files", "warn") == 0
    assert "warning: the prompt file gone.md: gone.md does not exist" in capsys.readouterr().err
    assert Workspace.objects.get().spec["initial_prompt"] == ""


def test_people_see_three_places_and_programs_all(write, capsys) -> None:
    path = write("name: Dev\nworkspaces:\n" + "".join(f"- {{name: w{n}, teir: 1}}\n" for n in range(12)))
    call_command("import_org", path, "--org", "acme")
    assert "workspaces[2].teir (org.yaml:5), and 9 more" in capsys.readouterr().err
    call_command("import_org", path, "--org", "acme", "--json")
    assert "workspaces[11].teir (org.yaml:14)" in json.loads(capsys.readouterr().out)["warnings"][0]


def test_json_answers_like_the_api(write, capsys) -> None:
    call_command("import_org", write(TREE), "--org", "acme", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert (answer["org"], answer["mode"], answer["created_count"]) == ("Dev", "merge", 2)


def test_the_removal_guard_names_the_option_that_confirms(write) -> None:
    call_command("import_org", write(TREE), "--org", "acme")
    call_command("import_org", write(SCRATCH), "--org", "acme")
    arguments = [write(MOVED), "--org", "acme", "--mode", "reconcile", "--no-moves"]
    with pytest.raises(CommandError, match="--confirm-removals 2"):
        call_command("import_org", *arguments)
    call_command("import_org", *arguments, "--confirm-removals", "2")
    assert sorted(Workspace.objects.live().values_list("name", flat=True)) == ["Dev Lead", "PM"]


@pytest.mark.parametrize("arguments", [["--dry-run"], ["org.yaml", "--dry-run", "--confirm-removals", "x"]])
def test_a_usage_error_does_not_end_like_changes_do(tmp_path: Path, arguments: list[str]) -> None:
    process = manage(tmp_path, "import_org", *arguments)
    text, _ = process.communicate()
    assert process.returncode == 1
    assert "Error: " in text
    assert "Traceback" not in text


def test_a_database_that_is_away_is_a_sentence_and_no_traceback(tmp_path: Path, write) -> None:
    process = manage(tmp_path, "import_org", write(TREE), database="sqlite:////nowhere/at/all.sqlite3")
    text, _ = process.communicate()
    assert process.returncode == 1
    assert text.startswith("CommandError: The database file cannot be opened. ")
    assert text.count("\n") == 1


def test_a_plan_that_was_applied_names_the_run_that_did_it(write, capsys) -> None:
    call_command("import_org", write(TREE), "--org", "acme", "--json")
    first = json.loads(capsys.readouterr().out)
    with pytest.raises(CommandError, match=f"applied already, by run {first['import_id']}"):
        call_command("import_org", write(TREE), "--org", "acme", "--fingerprint", first["fingerprint"])
