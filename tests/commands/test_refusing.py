"""A failure of a command is one sentence and exit status 1, and each command explains itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, load_command_class

from workspaces.models import Organization, Workspace

TOKENS, ORGANIZATIONS = ["api_token", "workspace_token"], ["create_org", "add_member"]
OWN = ["import_org", "cascade_delete", "undo", "restore", *TOKENS, *ORGANIZATIONS, "worker", "sweep", "demo"]
TREE = "name: Dev\nworkspaces:\n  - name: PM\n"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, organization: Organization) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org.txt").write_text("name: Dev")
    (tmp_path / "org.yaml").write_text(TREE)
    (tmp_path / "empty").mkdir()
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")  # what even root may not read
    (tmp_path / "loop").symlink_to("loop")


def refusal(*arguments: str) -> str:
    with pytest.raises(CommandError) as error:
        call_command(*arguments)
    assert error.value.returncode == 1
    assert not Workspace.objects.exists()
    return str(error.value)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("import_org nothing.yaml", "nothing.yaml"),
        ("import_org nothing/at/all", "nothing/at/all"),
        ("import_org empty", "org.yaml"),
        ("import_org org.txt", "txt"),
        ("import_org loop.yaml", "loop.yaml"),
        ("import_org loop", "loop"),
        ("import_org", "required: path"),
        ("import_org org.yaml --org nowhere", "create_org nowhere"),
        ("import_org org.yaml --mode replace", "use merge or reconcile"),
        ("import_org org.yaml --retire", "retire: only with mode reconcile."),
        ("import_org org.yaml --overwrite --prefer oldest", "overwrite: only with mode reconcile; prefer: only with"),
        ("import_org org.yaml --mode reconcile --no-moves --prefer oldest", "not with moves: false"),
        ("import_org org.yaml --mode reconcile --no-updates --overwrite", "not with updates: false"),
        ("import_org org.yaml --prefer newest", "invalid choice"),
        ("import_org org.yaml --confirm-removals many", "invalid int value"),
        ("import_org org.yaml --colour", "unrecognized arguments"),
        ("undo", "required: RUN"),
        ("undo 1", "There is no run 1."),
        ("undo one", "Neither the number nor the id of a run: one."),
        ("undo 1 --confirm-data-loss some", "invalid int value"),
        ("restore", "required: ID"),
        ("restore one", "Not a workspace id"),
        ("restore 00000000-0000-4000-8000-000000000000", "There is no workspace 00000000"),
        ("cascade_delete PM", "Not a workspace id"),
        ("cascade_delete", "required: ID"),
        ("api_token nobody", 'no user "nobody"'),
        ("api_token nobody --expires-in soon", "no lifetime"),
        ("workspace_token 00000000-0000-0000-0000-000000000001", "There is no workspace"),
        ("add_member nowhere nobody", "create_org nowhere"),
        ("add_member acme nobody", 'no user "nobody"'),
        ("create_org no/good", "slug"),
        ("create_org acme", "already exists"),
        ("changepassword nobody", 'no user "nobody"'),
    ],
)
def test_what_goes_wrong_is_a_sentence(arguments: str, sentence: str) -> None:
    assert sentence in refusal(*arguments.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("import_org", "org.yaml", "--reason", "\udcff"), ("import_org", "org.yaml", "--org", "a\udce9"),
        ("import_org", "\udcff.yaml"), ("create_org", "\udcff"), ("create_org", "x", "--name", "\udcff"),
        ("api_token", "\udce9"), ("add_member", "acme", "\udcff"), ("cascade_delete", "\udcff", "--yes"),
    ],
    ids=range(8),
)  # fmt: skip
def test_bytes_that_are_no_text_are_refused(arguments: tuple[str, ...]) -> None:
    assert "is not UTF-8 text" in refusal(*arguments)


@pytest.mark.parametrize("name", OWN)
def test_each_command_explains_itself_and_each_argument(name: str) -> None:
    command = load_command_class("workspaces", name)
    assert command.help
    parser = command.create_parser("manage.py", name)
    assert [action.dest for action in parser._actions if not action.help] == []
