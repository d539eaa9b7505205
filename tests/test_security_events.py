"""Who came in, who did not, which tokens there are, who was refused: in the events, bounded, without secrets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from audit.models import StructureEvent
from tests.trees import BEFORE, loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.models import ApiToken, Counter, Membership, Organization, Workspace, WorkspaceToken
from workspaces.services.imports.importing import apply_import
from workspaces.services.security import rate_limits, security_events
from workspaces.services.security.tokens import (
    issue_api_token,
    issue_workspace_token,
    revoke_api_tokens,
    revoke_workspace_tokens,
)

LOGIN = "/admin/login/"


@pytest.fixture(autouse=True)
def _no_minute_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a busy machine counts to sixty."""
    monkeypatch.setattr(rate_limits, "MINUTE", timedelta(hours=1))


@pytest.fixture
def pm(organization: Organization, actor: Actor) -> Workspace:
    apply_import(organization, loaded(BEFORE), mode=Mode.MERGE, actor=actor)
    return Workspace.objects.select_related("organization").get(name="PM")


def told(what: str) -> list[StructureEvent]:
    return list(StructureEvent.objects.filter(event_type=f"security.{what}").order_by("id"))


def sign_in(client: Client, name: str, password: str, **extra: Any) -> int:
    return client.post(LOGIN, {"username": name, "password": password}, **extra).status_code


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


# ---- logins


def test_a_login_and_a_failed_one_are_told(client: Client, alice: User) -> None:
    assert sign_in(client, "alice", "wrong") == 200
    assert sign_in(client, "alice", "alice-secret") == 302
    (failed,), (login,) = told("login_failed"), told("login")
    assert (failed.actor, failed.organization, failed.payload["address"]) == ("alice", "", "127.0.0.1")
    assert (login.actor, login.organization) == ("alice", "")
    assert "wrong" not in str(StructureEvent.objects.values())


def test_the_name_is_told_as_it_was_typed_without_what_nobody_sees(client: Client, db: None) -> None:
    sign_in(client, "mal\x1b[31m\u202elory\r\n" + "x" * 500, "wrong")
    (event,) = told("login_failed")
    assert event.actor == ("mal[31mlory" + "x" * 500)[:150]


def test_after_ten_failures_no_password_is_looked_at(client: Client, alice: User) -> None:
    assert [sign_in(client, "alice", "wrong") for _ in range(12)] == [200] * 10 + [429] * 2
    answer = client.post(LOGIN, {"username": "ALICE", "password": "alice-secret"})
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60
    assert len(told("login_failed")) == 10


def test_others_still_come_in(client: Client, alice: User, bob: User) -> None:
    for _ in range(11):
        sign_in(client, "alice", "wrong")
    assert sign_in(client, "bob", "bob-secret") == 302
    assert sign_in(client, "alice", "alice-secret", REMOTE_ADDR="192.0.2.7") == 302


def test_one_address_cannot_try_one_name_after_the_other(client: Client, db: None) -> None:
    answers = [sign_in(client, f"user{number}", "wrong") for number in range(62)]
    assert answers == [200] * 60 + [429] * 2


def test_the_addresses_of_one_customer_are_one(client: Client, db: None) -> None:
    answers = [sign_in(client, "alice", "wrong", REMOTE_ADDR=f"2001:db8::{number:x}") for number in range(1, 12)]
    assert answers == [200] * 10 + [429]
    assert sign_in(client, "alice", "wrong", REMOTE_ADDR="2001:db8:0:1::1") == 200


def test_many_addresses_together_write_no_more_than_the_table_bears(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(security_events, "MOST_FAILED", 5)
    for number in range(20):
        sign_in(client, "alice", "wrong", REMOTE_ADDR=f"192.0.2.{number}")
    assert len(told("login_failed")) == 5


def test_it_can_be_switched_off(client: Client, db: None, settings: Any) -> None:
    settings.ORGSITE_FAILED_LOGINS = None
    assert {sign_in(client, "alice", "wrong") for _ in range(70)} == {200}


def test_a_table_that_takes_nothing_keeps_nobody_out(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise ValueError("no room")

    monkeypatch.setattr("audit.emitting.insert_rows", refuse)
    assert sign_in(client, "alice", "alice-secret") == 302


# ---- tokens


def test_a_bad_token_is_refused_and_soon_not_even_called_so(client: Client, alice: User) -> None:
    good = issue_api_token(alice)
    answers = [client.get("/workspaces", headers=bearer(f"org_{number}")).status_code for number in range(62)]
    assert answers == [401] * 60 + [429] * 2
    assert client.get("/workspaces", headers=bearer(good)).status_code == 200


def test_bad_tokens_of_agents_count_too(client: Client, pm: Workspace) -> None:
    answers = {
        client.post(f"/workspaces/{pm.pk}/heartbeat", headers=bearer("ws_nothing")).status_code for _ in range(62)
    }
    assert answers == {401, 429}


def test_a_token_is_told_when_it_is_made_first_used_and_revoked(client: Client, alice: User, actor: Actor) -> None:
    text = issue_api_token(alice, name="laptop", read_only=True, actor=Actor(name="root"))
    for _ in range(3):
        client.get("/workspaces", headers=bearer(text))
    assert revoke_api_tokens(ApiToken.objects.all(), actor=Actor(name="root")) == 1
    assert revoke_api_tokens(ApiToken.objects.all(), actor=Actor(name="root")) == 0
    (made,), (used,), (revoked,) = (told(f"token_{what}") for what in ("created", "first_used", "revoked"))
    assert [made.actor, used.actor, revoked.actor] == ["root", "alice", "root"]
    assert (made.payload["name"], made.payload["user"], made.payload["read_only"]) == ("laptop", "alice", True)
    assert {each.organization for each in (made, used, revoked)} == {""}


def test_a_workspace_s_token_is_told_to_its_organization(pm: Workspace) -> None:
    issue_workspace_token(pm, actor=Actor(name="alice"))
    revoke_workspace_tokens(WorkspaceToken.objects.all(), actor=Actor(name="bob"))
    (made,), (revoked,) = told("token_created"), told("token_revoked")
    assert (made.actor, made.organization, made.workspace_id) == ("alice", "acme", pm.pk)
    assert (revoked.actor, revoked.organization, revoked.payload["name"]) == ("bob", "acme", "PM")


def test_no_event_holds_a_token_or_its_digest(client: Client, alice: User, pm: Workspace) -> None:
    texts = [issue_api_token(alice), issue_workspace_token(pm, actor=Actor.of(alice))]
    client.get("/workspaces", headers=bearer(texts[0]))
    rows = str(list(StructureEvent.objects.values()))
    digests = [row.digest for row in (ApiToken.objects.get(), WorkspaceToken.objects.get())]
    assert not [each for each in texts + digests if each in rows]


# ---- refusals


@pytest.fixture
def refused(bob: User, pm: Workspace) -> Callable[..., StructureEvent]:
    """bob, who may look, does something destructive; the event of his refusal."""
    client = Client()
    client.force_login(bob)

    def ask(method: str, path: str, *args: Any) -> StructureEvent:
        answer = getattr(client, method)(path.format(pm=pm.pk), *args)
        assert answer.status_code == 403
        (event,) = told("denied")
        return event

    return ask


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("delete", "/workspaces/{pm}"),
        ("post", "/org/import"),
        ("post", "/admin/import/"),
        ("get", "/admin/cascade-delete/"),
        ("post", "/admin/workspaces/workspace/"),
        ("post", "/admin/containers/{pm}/again/"),
    ],
)
def test_a_refusal_on_a_destructive_path_is_told(refused: Any, method: str, path: str, pm: Workspace) -> None:
    event = refused(method, path)
    assert (event.actor, event.organization) == ("bob", "acme")
    assert event.payload["place"] == f"{method.upper()} {path.format(pm=pm.pk)}"
    assert "You need the permission" in event.payload["why"]


def test_a_reconcile_without_the_right_to_remove_is_told(client: Client, alice: User, pm: Workspace) -> None:
    alice.groups.clear()
    alice.user_permissions.set([*_permissions("import_org")])
    sent = {"template": {"name": "Dev"}, "org": "acme", "mode": "reconcile"}
    answer = client.post("/org/import", sent, "application/json", headers=bearer(issue_api_token(alice)))
    assert answer.status_code == 403
    assert "cascade_delete" in told("denied")[0].payload["why"]


def test_a_read_only_token_that_would_delete_is_told(client: Client, alice: User, pm: Workspace) -> None:
    text = issue_api_token(alice, read_only=True)
    assert client.delete(f"/workspaces/{pm.pk}", headers=bearer(text)).status_code == 403
    assert told("denied")[0].payload["why"].endswith("This token is read-only.")


def test_what_is_refused_but_destroys_nothing_is_not_told(client: Client, bob: User) -> None:
    client.force_login(bob)
    assert client.get("/events").status_code == 403
    assert client.get("/admin/timeline/").status_code == 403
    assert not told("denied")


def test_somebody_of_two_organizations_is_told_to_neither(
    client: Client, bob: User, organization: Organization, elsewhere: Organization
) -> None:
    Membership.objects.create(user=bob, organization=elsewhere)
    client.force_login(bob)
    client.post("/org/import")
    assert told("denied")[0].organization == ""


def test_one_user_s_refusals_are_written_up_to_a_number(client: Client, bob: User) -> None:
    client.force_login(bob)
    for _ in range(40):
        assert client.post("/org/import").status_code == 403
    assert len(told("denied")) == security_events.MOST_OF_ONE


def test_past_a_limit_nothing_is_counted_either(client: Client, bob: User) -> None:
    client.force_login(bob)
    for _ in range(security_events.MOST_OF_ONE):
        client.post("/org/import")
    for number in range(60):
        client.get("/workspaces", headers=bearer(f"org_{number}"))
    before = list(Counter.objects.order_by("key").values())
    assert client.post("/org/import").status_code == 403
    assert client.get("/workspaces", headers=bearer("org_more")).status_code == 429
    assert list(Counter.objects.order_by("key").values()) == before


# ---- where they are read


def test_only_superusers_read_what_belongs_to_no_organization(
    client: Client, admin_client: Client, alice: User, pm: Workspace
) -> None:
    sign_in(Client(), "mallory", "wrong")
    issue_workspace_token(pm, actor=Actor.of(alice))
    client.force_login(alice)
    for reader, sees in ((client, False), (admin_client, True)):
        for address in ("/events?type=security.*", "/admin/timeline/?type=security.*", "/admin/audit/structureevent/"):
            page = reader.get(address).content.decode()
            assert ("mallory" in page) is sees, address
            assert "security.token_created" in page, address


def test_the_timeline_tells_them_in_words(admin_client: Client, alice: User) -> None:
    for _ in range(4):
        sign_in(Client(), "mallory", "wrong")
    issue_api_token(alice, name="laptop")
    now = timezone.localtime()
    page = admin_client.get("/admin/timeline/", {"day": f"{now:%Y-%m-%d}", "at": f"{now:%H:%M}"}).content.decode()
    text = " ".join(page.split())
    assert "4 logins failed" in text
    assert "1 token made" in text
    assert "<b>4 logins</b> failed" in text
    assert "laptop" in text


def test_the_other_consumers_hear_nothing_of_it(admin_client: Client, alice: User) -> None:
    sign_in(Client(), "alice", "wrong")
    for group in ("org.*", "workspace.*"):
        assert admin_client.get("/events", {"type": group}).json()["results"] == []


# ---- the command


def test_a_token_is_made_listed_and_revoked_on_the_command_line(alice: User, capsys: Any, client: Client) -> None:
    call_command("api_token", "alice", "--name", "laptop", "--expires-in", "30d", "--read-only")
    text = capsys.readouterr().out.strip()
    assert client.get("/workspaces", headers=bearer(text)).status_code == 200
    call_command("api_token", "alice", "--list")
    listed = capsys.readouterr().out
    assert "laptop" in listed
    assert "read" in listed
    assert "usable" in listed
    assert text not in listed
    call_command("api_token", "alice", "--revoke", str(ApiToken.objects.get().pk))
    assert "is revoked" in capsys.readouterr().out
    assert client.get("/workspaces", headers=bearer(text)).status_code == 401


def _permissions(*names: str) -> Any:
    from django.contrib.auth.models import Permission

    return Permission.objects.filter(codename__in=names)
