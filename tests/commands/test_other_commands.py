from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from audit.models import StructureEvent
from tests.databases import migrate_children
from tests.processes import ROOT, finish, manage
from tests.trees import BEFORE, loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.models import ApiToken, Container, Membership, Organization, Workspace, WorkspaceToken
from workspaces.services.imports.importing import apply_import
from workspaces.services.security.tokens import find_api_token, find_workspace_token


@pytest.fixture
def tree(organization: Organization, actor: Actor) -> None:
    apply_import(organization, loaded(BEFORE), mode=Mode.MERGE, actor=actor)


def test_api_token_prints_the_token_alone_and_stores_only_its_hash(alice: User, capsys) -> None:
    call_command("api_token", "alice")
    text = capsys.readouterr().out.strip()
    found = find_api_token(text)
    assert found is not None
    assert found.user == alice
    assert text not in str(list(ApiToken.objects.values()))


def test_api_token_says_who_is_missing(db: None) -> None:
    with pytest.raises(CommandError, match='There is no user "nobody"'):
        call_command("api_token", "nobody")


def test_workspace_token_prints_the_token_alone(tree: None, capsys) -> None:
    pm = Workspace.objects.get(name="PM")
    call_command("workspace_token", str(pm.pk))
    text = capsys.readouterr().out.strip()
    found = find_workspace_token(text)
    assert found is not None
    assert found.workspace == pm
    assert text not in str(list(WorkspaceToken.objects.values()))


def test_cascade_delete_removes_with_yes_and_asks_without(tree: None, capsys, monkeypatch) -> None:
    lead = str(Workspace.objects.get(name="Dev Lead").pk)
    monkeypatch.setattr("sys.stdin", StringIO())  # a shell without a person
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("cascade_delete", lead)
    call_command("cascade_delete", lead, "--yes")
    assert capsys.readouterr().out.endswith("Removed 5 workspaces.\n")
    assert Workspace.objects.live().count() == 4


FATES = [
    ((), 604_800, r"kept until \w{3} \d{4}-\d\d-\d\d \d\d:\d\d UTC, then destroyed"),
    ((), 0, "destroyed at once"),
    (("--erase",), 604_800, "destroyed at once"),
    (("--keep-volumes",), 0, "kept until `manage.py purge` destroys it"),
]


@pytest.mark.parametrize(("options", "grace", "fate"), FATES)
def test_cascade_delete_says_what_becomes_of_the_data(
    organization: Organization, actor: Actor, settings: Any, capsys, options: tuple[str, ...], grace: int, fate: str
) -> None:
    settings.ORGSITE_ENGINE, settings.ORGSITE_DATA_GRACE = "fake", grace
    apply_import(organization, loaded(BEFORE), mode=Mode.MERGE, actor=actor)
    Container.objects.update(volume_bytes=200 * 1024**2)
    call_command("cascade_delete", str(Workspace.objects.get(name="Dev Lead").pk), "--yes", *options)
    assert re.search(rf"Their data, 1000.0 MB in 10 volumes, is {fate}\.\n", capsys.readouterr().out)


def test_cascade_delete_of_records_says_nothing_of_data(tree: None, capsys) -> None:
    call_command("cascade_delete", str(Workspace.objects.get(name="Dev Lead").pk), "--yes")
    assert "data" not in capsys.readouterr().out


@pytest.mark.parametrize("key", ["no-uuid", "00000000-0000-0000-0000-000000000001"])
def test_cascade_delete_refuses_ids_that_do_not_exist(tree: None, key: str) -> None:
    with pytest.raises(CommandError):
        call_command("cascade_delete", key, "--yes")
    assert Workspace.objects.live().count() == 9


def test_create_org_and_add_member(alice: User, capsys) -> None:
    call_command("create_org", "labs", "--name", "Labs")
    call_command("add_member", "labs", "alice")
    assert Membership.objects.filter(organization__slug="labs", user=alice).exists()
    with pytest.raises(CommandError, match="already exists"):
        call_command("create_org", "labs")


def test_an_organizations_name_is_cleaned_like_any_name(db: None) -> None:
    call_command("create_org", "labs", "--name", "Data\u00a0 Labs ")
    assert Organization.objects.get(slug="labs").name == "Data Labs"
    with pytest.raises(CommandError, match=r"must not contain U\+3164"):
        call_command("create_org", "none", "--name", "\u3164")


def test_an_api_tokens_name_is_cleaned_like_any_name(alice: User, capsys) -> None:
    call_command("api_token", "alice", "--name", "my\u00a0 laptop")
    assert ApiToken.objects.get().name == "my laptop"
    with pytest.raises(CommandError, match=r"U\+2060"):
        call_command("api_token", "alice", "--name", "my\u2060laptop")


def test_the_demo_tells_the_story_from_real_rows_and_can_be_told_again(db: None, capsys) -> None:
    for _ in range(2):
        call_command("demo")
        story = capsys.readouterr().out
        assert "live workspaces: 0 → 9" in story
        assert "live workspaces: 9 → 17" in story
        assert "Plan: 0 to create, 7 to keep, 2 to move, 8 to remove." in story
        assert "live workspaces: 17 → 9" in story
        assert "Plan: 0 to create, 7 to keep, 2 to move, 0 to remove." in story
        assert "Plan: 0 to create, 9 to keep, 0 to remove." in story
        assert "Plan: 9 to restore, 0 to create, 0 to keep, 0 to remove." in story
        assert "restored 9; live workspaces: 9" in story
        assert "17 workspaces are online in Accident, and the template declares 9." in story
    assert {slug: _live(slug) for slug in ("demo", "accident")} == {"demo": 9, "accident": 17}
    assert StructureEvent.objects.filter(event_type="org.import.completed").count() == 16


def _live(slug: str) -> int:
    return Workspace.objects.live().filter(organization__slug=slug).count()


def test_the_demo_ends_with_an_address_and_a_login_that_show_the_accident(client: Client, db: None, capsys) -> None:
    call_command("demo", "--site", "http://127.0.0.1:8123")
    story = capsys.readouterr().out
    address = re.search(r"http://127.0.0.1:8123(/admin/import/\S+)", story)
    password = re.search(r"Log in as demo with the password (\w+)", story)
    assert address
    assert password
    asked = client.get(address[1], follow=True)
    sent = {"username": "demo", "password": password[1], "next": asked.context["next"]}
    page = client.post("/admin/login/", sent, follow=True)
    assert page.request["PATH_INFO"] == address[1]
    assert "8" in page.content.decode()
    assert "Infra Lead" in page.content.decode()


def test_a_second_demo_makes_another_password_and_touches_no_user_of_that_name(db: None, capsys) -> None:
    call_command("demo")
    call_command("demo")
    first, second = re.findall(r"with the password (\w+)", capsys.readouterr().out)
    assert first != second
    assert User.objects.get(username="demo").check_password(second)
    User.objects.filter(username="demo").update(email="demo@example.org")
    call_command("demo")
    assert "Log in as yourself" in capsys.readouterr().out
    assert User.objects.get(username="demo").check_password(second)


def test_the_first_command_of_the_readme_shows_after_a_demo_what_the_readme_shows(db: None, capsys) -> None:
    block = (ROOT / "README.md").read_text().split("```\n$ ", 1)[1].split("\n```", 1)[0]
    command, *shown = block.split("\n")
    call_command("demo")
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        call_command(*command.partition("manage.py ")[2].split())
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert end.value.code == 2
    assert [line for line in shown if line != "…" and " ".join(line.split()) not in lines] == []


@pytest.mark.django_db(transaction=True)
def test_the_worker_stops_when_it_is_asked_to(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> None:
    migrate_children(tmp_path, unblock=django_db_blocker.unblock)
    worker = manage(tmp_path, "worker")
    assert worker.stdout
    assert "worker started" in worker.stdout.readline()
    worker.terminate()
    assert "worker stopped" in finish(worker)
