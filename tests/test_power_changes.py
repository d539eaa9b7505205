"""Changes of who has which power, through every door: each is an event with its actor, and none holds a secret."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError, call_command
from django.test import Client

from audit.models import StructureEvent
from tests.trees import BEFORE, loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Membership, Organization, Workspace
from workspaces.services.imports.importing import apply_import

USERS, GROUPS, ORGS = (f"/admin/{name}/" for name in ("auth/user", "auth/group", "workspaces/organization"))
SECRET = "correct-horse-9-battery"
SHELL = f"{getpass.getuser()} (shell)"


@pytest.fixture
def root(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", "root@example.org", SECRET))
    StructureEvent.objects.all()
    return client


@pytest.fixture(autouse=True)
def no_secret_is_told(db: None) -> Iterator[None]:
    yield
    told = str(list(StructureEvent.objects.values()))
    secrets = {SECRET, *User.objects.values_list("password", flat=True)} - {""}
    assert not [each for each in secrets if each in told]


def told(*types: str) -> list[StructureEvent]:
    return list(StructureEvent.objects.filter(event_type__in=types).order_by("id"))


def only(kind: str) -> StructureEvent:
    """The one event of that type."""
    (event,) = told(kind)
    return event


def changes(event: StructureEvent) -> dict[str, tuple[Any, Any]]:
    return {row["field"]: (row["from"], row["to"]) for row in event.payload["changes"]}


def form_of(user: User, **changed: Any) -> dict[str, Any]:
    """The form as the page of a user sends it."""
    sent = {
        "username": user.username, "email": user.email, "first_name": "", "last_name": "",
        "is_active": user.is_active, "is_staff": user.is_staff, "is_superuser": user.is_superuser,
        "groups": list(user.groups.values_list("pk", flat=True)),
        "user_permissions": list(user.user_permissions.values_list("pk", flat=True)),
        "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00", **changed,
    }  # fmt: skip
    return {key: value for key, value in sent.items() if value is not False}


def send(client: Client, address: str, sent: dict[str, Any]) -> None:
    answer = client.post(address, sent)
    assert answer.status_code == 302, answer.content.decode()


# ---- users


@pytest.mark.parametrize(
    ("changed", "field", "before", "after"),
    [
        ({"is_superuser": True}, "superuser", False, True),
        ({"is_staff": False}, "staff", True, False),
        ({"is_active": False}, "active", True, False),
        ({"username": "robert"}, "username", "bob", "robert"),
        ({"email": "bob@example.org"}, "email", "", "bob@example.org"),
        ({"groups": []}, "groups", ["Viewer"], []),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_each_power_of_a_user_is_told_when_it_changes(
    root: Client, bob: User, changed: dict[str, Any], field: str, before: object, after: object
) -> None:
    send(root, f"{USERS}{bob.pk}/change/", form_of(bob, **changed))
    event = only("security.user_changed")
    assert (event.actor, event.organization, event.payload["what"]) == ("root", "", "changed")
    assert changes(event) == {field: (before, after)}


def test_groups_and_permissions_are_told_by_name_both_before_and_after(root: Client, bob: User) -> None:
    groups = list(Group.objects.filter(name__in=("Operator", "Auditor")).values_list("pk", flat=True))
    right = Permission.objects.get(codename="cascade_delete")
    send(root, f"{USERS}{bob.pk}/change/", form_of(bob, groups=groups, user_permissions=[right.pk]))
    assert changes(only("security.user_changed")) == {
        "groups": (["Viewer"], ["Auditor", "Operator"]),
        "permissions": ([], ["workspaces.cascade_delete"]),
    }


def test_a_page_that_changes_nothing_or_is_refused_tells_nothing(root: Client, bob: User) -> None:
    send(root, f"{USERS}{bob.pk}/change/", form_of(bob))
    assert root.post(f"{USERS}{bob.pk}/change/", form_of(bob, username="", is_superuser=True)).status_code == 200
    assert root.post(f"{USERS}9999999/change/", form_of(bob)).status_code == 302
    assert root.post(f"{USERS}nobody/change/", form_of(bob)).status_code == 302
    assert not told("security.user_changed")


def test_a_new_user_is_told_with_what_they_have(root: Client) -> None:
    sent = {"username": "dora", "usable_password": "true", "password1": SECRET, "password2": SECRET}
    send(root, f"{USERS}add/", sent)
    event = only("security.user_changed")
    assert (event.actor, event.payload["what"], event.payload["name"]) == ("root", "made", "dora")
    assert changes(event) == {"username": (None, "dora"), "active": (None, True), "password": (None, "set")}


@pytest.mark.parametrize("way", ["page", "list"])
def test_a_deleted_user_is_told_and_so_are_the_memberships_that_went_along(root: Client, bob: User, way: str) -> None:
    if way == "page":
        send(root, f"{USERS}{bob.pk}/delete/", {"post": "yes"})
    else:
        send(root, USERS, {"action": "delete_selected", "_selected_action": [bob.pk], "post": "yes"})
    event, ended = only("security.user_changed"), only("org.member_removed")
    assert (event.actor, event.payload["what"], event.payload["name"]) == ("root", "deleted", "bob")
    assert changes(event)["groups"] == (["Viewer"], None)
    assert (ended.actor, ended.organization, ended.payload["name"]) == ("root", "acme", "bob")
    assert ended.payload["why"] == "the user was deleted"


def test_many_users_deleted_at_once_are_each_told(root: Client, bob: User, alice: User, charlie: User) -> None:
    chosen = [user.pk for user in (alice, bob, charlie)]
    send(root, USERS, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})
    assert {event.payload["name"] for event in told("security.user_changed")} == {"alice", "bob", "charlie"}
    assert {event.organization for event in told("org.member_removed")} == {"acme", "elsewhere"}
    assert len(told("org.member_removed")) == 3


def test_a_password_given_to_another_is_told_without_it(root: Client, bob: User) -> None:
    sent = {"usable_password": "true", "password1": SECRET, "password2": SECRET}
    send(root, f"{USERS}{bob.pk}/password/", sent)
    event = only("security.user_changed")
    assert (event.actor, event.payload["name"]) == ("root", "bob")
    assert changes(event) == {"password": ("set", "set")}
    assert event.payload["why"] == "user changed: a new password"


def test_a_password_taken_away_is_told(root: Client, bob: User) -> None:
    send(root, f"{USERS}{bob.pk}/password/", {"usable_password": "false", "unset-password": "1"})
    assert changes(only("security.user_changed")) == {"password": ("set", None)}


def test_one_s_own_new_password_is_told_and_a_refused_one_is_not(client: Client, bob: User) -> None:
    client.force_login(bob)
    sent = {"old_password": "bob-secret", "new_password1": SECRET, "new_password2": SECRET}
    assert client.post("/admin/password_change/", {**sent, "new_password2": "other"}).status_code == 200
    assert not told("security.user_changed")
    send(client, "/admin/password_change/", sent)
    event = only("security.user_changed")
    assert (event.actor, event.payload["name"], changes(event)) == ("bob", "bob", {"password": ("set", "set")})
    assert client.get("/admin/").status_code == 200  # still logged in
    assert User.objects.get(pk=bob.pk).check_password(SECRET)


# ---- groups


def test_a_group_is_told_when_it_is_made_changed_and_deleted(root: Client, bob: User) -> None:
    right = Permission.objects.get(codename="import_org")
    send(root, f"{GROUPS}add/", {"name": "Importers", "permissions": [right.pk]})
    group = Group.objects.get(name="Importers")
    bob.groups.add(group)
    send(root, f"{GROUPS}{group.pk}/change/", {"name": "Bringers", "permissions": []})
    send(root, f"{GROUPS}{group.pk}/delete/", {"post": "yes"})
    made, changed, deleted = told("security.group_changed")
    assert [each.payload["what"] for each in (made, changed, deleted)] == ["made", "changed", "deleted"]
    assert changes(made) == {"name": (None, "Importers"), "permissions": (None, ["workspaces.import_org"])}
    assert changes(changed) == {"name": ("Importers", "Bringers"), "permissions": (["workspaces.import_org"], [])}
    assert [each.payload["members_count"] for each in (made, changed, deleted)] == [0, 1, 1]
    assert {each.actor for each in (made, changed, deleted)} == {"root"}


def test_groups_deleted_in_the_list_are_each_told(root: Client) -> None:
    chosen = list(Group.objects.values_list("pk", flat=True))
    send(root, GROUPS, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})
    assert {event.payload["name"] for event in told("security.group_changed")} == {"Viewer", "Auditor", "Operator"}


# ---- organizations and members


def members(organization: Organization | None, *rows: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The form as the page of an organization sends it: its fields and the rows of its members."""
    known = [row for row in rows if "id" in row]
    sent = {"membership_set-TOTAL_FORMS": len(rows), "membership_set-INITIAL_FORMS": len(known), **fields}
    for number, row in enumerate((*known, *(row for row in rows if "id" not in row))):
        sent |= {f"membership_set-{number}-{key}": value for key, value in row.items()}
        sent |= {f"membership_set-{number}-organization": organization.pk if organization else ""}
    return sent


def test_a_new_organization_and_its_first_member_are_told(root: Client, bob: User) -> None:
    send(root, f"{ORGS}add/", members(None, {"user": bob.pk}, name="Hooli", slug="hooli"))
    made, added = only("org.created"), only("org.member_added")
    assert (made.actor, made.organization, made.payload["name"]) == ("root", "hooli", "Hooli")
    assert (added.actor, added.organization, added.payload["name"]) == ("root", "hooli", "bob")


def test_members_that_come_and_go_and_another_name_are_told(
    root: Client, organization: Organization, bob: User, charlie: User
) -> None:
    bobs = Membership.objects.get(user=bob)
    rows = ({"id": bobs.pk, "DELETE": "on"}, {"user": charlie.pk})
    send(root, f"{ORGS}{organization.pk}/change/", members(organization, *rows, name="Acme Dev"))
    assert changes(only("org.changed")) == {"name": ("Acme", "Acme Dev")}
    added, ended = only("org.member_added"), only("org.member_removed")
    assert [(each.organization, each.payload["name"], each.actor) for each in (added, ended)] == [
        ("acme", "charlie", "root"),
        ("acme", "bob", "root"),
    ]


def test_an_operator_of_the_organization_reads_of_its_members(client: Client, alice: User, bob: User) -> None:
    call_command("add_member", "acme", User.objects.create(username="dora").username)
    client.force_login(alice)
    assert client.get("/events", {"type": "org.member_*"}).json()["results"][0]["payload"]["name"] == "dora"
    assert client.get("/events", {"type": "security.user_changed"}).json()["results"] == []


# ---- workspaces


@pytest.fixture
def pm(organization: Organization, actor: Actor) -> Workspace:
    apply_import(organization, loaded(BEFORE), mode=Mode.MERGE, actor=actor)
    return Workspace.objects.get(name="PM")


@pytest.mark.parametrize("way", ["rest", "page"])
def test_protection_and_edits_by_hand_are_told_with_before_and_after(
    client: Client, alice: User, pm: Workspace, way: str
) -> None:
    client.force_login(alice)
    if way == "rest":
        sent = {"protected": True, "tier": 4}
        token = _token(alice)
        bearer = {"Authorization": f"Bearer {token}"}
        assert client.patch(f"/workspaces/{pm.pk}", sent, "application/json", headers=bearer).status_code == 200
    else:
        page = {"protected": "on", "role": pm.role, "tier": "4", "reason": "holds the keys"}
        send(client, f"/admin/workspaces/workspace/{pm.pk}/change/", page)
    event = only("workspace.changed")
    assert (event.actor, event.organization, event.workspace_id) == ("alice", "acme", pm.pk)
    assert changes(event) == {"protected": (False, True), "tier": (pm.tier, 4)}
    assert event.payload["reason"] == ("holds the keys" if way == "page" else "")


def test_an_edit_that_changes_nothing_tells_nothing(client: Client, alice: User, pm: Workspace) -> None:
    client.force_login(alice)
    page = {"role": pm.role, "tier": str(pm.tier), "reason": "none"}
    send(client, f"/admin/workspaces/workspace/{pm.pk}/change/", page)
    assert not told("workspace.changed")


def _token(user: User) -> str:
    from workspaces.services.security.tokens import issue_api_token

    return issue_api_token(user)


# ---- the command line


def test_the_commands_tell_what_they_make(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", SECRET)
    call_command("create_org", "hooli", "--name", "Hooli")
    call_command("createsuperuser", "--no-input", "--username", "gavin", "--email", "gavin@example.org")
    call_command("add_member", "hooli", "gavin")
    call_command("add_member", "hooli", "gavin")
    made, user, member = only("org.created"), only("security.user_changed"), only("org.member_added")
    assert {each.actor for each in (made, user, member)} == {SHELL}
    assert (made.organization, member.organization, member.payload["name"]) == ("hooli", "hooli", "gavin")
    assert changes(user)["superuser"] == (None, True)


def test_a_superuser_that_could_not_be_made_is_not_told(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", SECRET)
    with pytest.raises(CommandError):
        call_command("createsuperuser", "--no-input", "--username", "bob", "--email", "b@example.org")
    assert not told("security.user_changed")


def test_changepassword_is_told(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda prompt="": SECRET)
    call_command("changepassword", "bob")
    event = only("security.user_changed")
    assert (event.actor, event.payload["name"], changes(event)) == (SHELL, "bob", {"password": ("set", "set")})


def test_the_groups_and_the_organization_that_migrate_makes_are_nobodys_act(db: None) -> None:
    assert Group.objects.filter(name="Operator").exists()
    assert not StructureEvent.objects.exists()


# ---- in words


@pytest.fixture
def minute(root: Client) -> Callable[[], str]:
    """The timeline's answer about this minute."""
    from django.utils import timezone

    def page() -> str:
        now = timezone.localtime()
        content = root.get("/admin/timeline/", {"day": f"{now:%Y-%m-%d}", "at": f"{now:%H:%M}"}).content.decode()
        return " ".join(unescape(re.sub(r"<[^>]+>", "", content)).split())

    return page


def test_the_timeline_tells_them_in_sentences(root: Client, bob: User, minute: Callable[[], str]) -> None:
    send(root, f"{USERS}{bob.pk}/change/", form_of(bob, is_superuser=True))
    call_command("create_org", "hooli", "--name", "Hooli")
    call_command("add_member", "hooli", "bob")
    text = minute()
    assert "root changed the user bob: superuser: no → yes." in text
    assert f"{SHELL} created the organization Hooli." in text
    assert f"{SHELL} made bob a member of Hooli." in text
