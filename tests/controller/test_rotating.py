"""Access tokens of containers end with the key they were made with: at the next start, or on demand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from audit.models import StructureEvent
from tests.controller.conftest import Merge, events, hurry, key_of, settle, wait_for
from workspaces.access import Actor
from workspaces.engines.fake import FakeEngine
from workspaces.models import Container, Organization, Status, Workspace, WorkspaceToken
from workspaces.services.containers.token_rotation import Rotation, rotate_tokens
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.security.tokens import find_workspace_token, issue_workspace_token
from workspaces.worker.controller import Controller

OLD, NEW = "an old key that was good for years", "a new key that nobody knows yet"


@pytest.fixture(autouse=True)
def _old_key(settings: Any) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []


@pytest.fixture
def running(merge: Merge, controller: Controller) -> None:
    merge({"PM": {}, "Ops": {}})
    settle(controller)


def token_in(engine: FakeEngine, name: str) -> str:
    return engine.host.containers[f"ws-{key_of(name)}"].environment["ORGSITE_WORKSPACE_TOKEN"]


def works(text: str) -> bool:
    """Its agent's heartbeat is taken."""
    found = find_workspace_token(text)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    assert found
    return bool(client.post(f"/workspaces/{found.workspace_id}/heartbeat").status_code == 204)


def made_anew(engine: FakeEngine, name: str, controller: Controller) -> str:
    """Its container is lost, and the worker makes another one; the token that one has."""
    del engine.host.containers[f"ws-{key_of(name)}"]
    Container.objects.filter(pk=key_of(name)).update(observed="absent", asked_at=None)
    Container.objects.filter(pk=key_of(name)).update(due_at=Container.objects.get(pk=key_of(name)).changed_at)
    settle(controller)
    return token_in(engine, name)


# ---- a new key, and the next start


@pytest.mark.parametrize("fallbacks", [[], [OLD]])
def test_until_a_container_is_made_anew_its_token_works(
    running: None, engine: FakeEngine, settings: Any, fallbacks: list[str]
) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, fallbacks
    assert works(token_in(engine, "PM"))


@pytest.mark.parametrize("fallbacks", [[], [OLD]])
def test_the_next_container_has_another_token_and_the_last_ones_is_revoked(
    running: None, engine: FakeEngine, controller: Controller, settings: Any, fallbacks: list[str]
) -> None:
    first, other = token_in(engine, "PM"), token_in(engine, "Ops")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, fallbacks
    second = made_anew(engine, "PM", controller)
    assert first != second
    assert (works(first), works(second), works(other)) == (False, True, True)


def test_a_container_that_runs_when_it_is_to_start_under_a_new_key_is_replaced(
    running: None, engine: FakeEngine, controller: Controller, settings: Any
) -> None:
    """Somebody renamed a second one, say: the one that is kept would be left with a token that has ended."""
    first = token_in(engine, "PM")
    there = engine.host.containers[f"ws-{key_of('PM')}"]
    engine.host.containers["renamed"] = replace(there, id="a second one")
    settings.SECRET_KEY = NEW
    Container.objects.filter(pk=key_of("PM")).update(due_at=Container.objects.get(pk=key_of("PM")).changed_at)
    settle(controller)
    assert "renamed" not in engine.host.containers
    assert (works(first), works(token_in(engine, "PM"))) == (False, True)


def test_what_people_handed_out_stays(running: None, engine: FakeEngine, controller: Controller, settings: Any) -> None:
    text = issue_workspace_token(Workspace.objects.get(name="PM"), actor=Actor(name="alice"))
    settings.SECRET_KEY = NEW
    made_anew(engine, "PM", controller)
    assert works(text)


def test_with_the_same_key_the_next_container_has_the_same_token(
    running: None, engine: FakeEngine, controller: Controller
) -> None:
    first = token_in(engine, "PM")
    assert made_anew(engine, "PM", controller) == first
    assert works(first)


# ---- on demand


def test_after_a_new_key_all_containers_are_made_anew_and_the_old_tokens_end_at_once(
    running: None, engine: FakeEngine, controller: Controller, settings: Any, organization: Organization, actor: Actor
) -> None:
    before = {name: token_in(engine, name) for name in ("PM", "Ops")}
    settings.SECRET_KEY = NEW
    assert rotate_tokens(organization, actor=actor) == Rotation(revoked=2, renewed=2)
    assert not any(works(text) for text in before.values())
    settle(controller)
    after = {name: token_in(engine, name) for name in ("PM", "Ops")}
    assert all(works(text) for text in after.values())
    assert set(Workspace.objects.values_list("status", flat=True)) == {Status.ONLINE}


def test_that_does_nothing_the_second_time(
    running: None, controller: Controller, settings: Any, organization: Organization, actor: Actor
) -> None:
    settings.SECRET_KEY = NEW
    rotate_tokens(organization, actor=actor)
    settle(controller)
    assert rotate_tokens(organization, actor=actor) == Rotation()


def test_under_the_same_key_nothing_is_rotated_unless_all_are(
    running: None, engine: FakeEngine, controller: Controller, organization: Organization, actor: Actor
) -> None:
    before = token_in(engine, "PM")
    assert rotate_tokens(organization, actor=actor) == Rotation()
    assert rotate_tokens(organization, actor=actor, every=True) == Rotation(revoked=2, renewed=2)
    settle(controller)
    assert (works(before), works(token_in(engine, "PM"))) == (False, True)


@pytest.mark.parametrize("by_hand", [True, False])
def test_what_people_handed_out_ends_only_where_that_is_said(
    running: None, settings: Any, organization: Organization, actor: Actor, by_hand: bool
) -> None:
    text = issue_workspace_token(Workspace.objects.get(name="PM"), actor=actor)
    settings.SECRET_KEY = NEW
    assert rotate_tokens(organization, actor=actor, by_hand=by_hand).revoked == 2 + by_hand
    assert works(text) is not by_hand


def test_data_stays_and_the_rotation_is_told(
    running: None, engine: FakeEngine, controller: Controller, settings: Any, organization: Organization, actor: Actor
) -> None:
    engine.host.volumes[f"ws-{key_of('PM')}-data"].files["kept"] = b"kept"
    settings.SECRET_KEY = NEW
    rotate_tokens(organization, actor=actor)
    settle(controller)
    assert engine.host.volumes[f"ws-{key_of('PM')}-data"].files["kept"] == b"kept"
    told = StructureEvent.objects.filter(event_type="security.token_revoked")
    assert {(event.actor, event.payload["name"]) for event in told} == {("alice", "PM"), ("alice", "Ops")}
    why = StructureEvent.objects.filter(event_type="workspace.restarted").order_by("-id")[0]
    assert (why.actor, why.payload["why"]) == ("alice", "its access token was rotated")
    assert sorted(events("online")) == ["Ops", "Ops", "PM", "PM"]


def test_a_start_that_was_under_way_meanwhile_is_done_again(
    merge: Merge, engine: FakeEngine, controller: Controller, settings: Any, organization: Organization, actor: Actor
) -> None:
    merge({"PM": {}})
    wait_for(controller, lambda: bool(engine.host.containers))
    before = token_in(engine, "PM")
    settings.SECRET_KEY = NEW
    rotate_tokens(organization, actor=actor)
    settle(controller)
    assert token_in(engine, "PM") != before
    assert works(token_in(engine, "PM"))


def test_a_container_that_can_not_be_made_anew_says_so(
    running: None, engine: FakeEngine, controller: Controller, organization: Organization, actor: Actor
) -> None:
    engine.knobs.refusing[key_of("PM")] = "no space left on device"
    rotate_tokens(organization, actor=actor, every=True)
    for _ in range(3):
        hurry()
        settle(controller)
    assert Workspace.objects.get(name="PM").status == Status.FAILED
    assert Container.objects.get(pk=key_of("PM")).last_error == "no space left on device"


def test_others_organizations_and_removed_workspaces_are_left_alone(
    running: None, settings: Any, elsewhere: Organization, organization: Organization, actor: Actor
) -> None:
    cascade_delete([key_of("Ops")], actor=actor)
    settings.SECRET_KEY = NEW
    assert rotate_tokens(elsewhere, actor=actor, every=True) == Rotation()
    assert rotate_tokens(organization, actor=actor) == Rotation(revoked=1, renewed=1)
    assert Container.objects.get(pk=key_of("Ops")).desired == "absent"


def test_the_command_does_it_for_all_organizations_or_one(
    running: None, settings: Any, elsewhere: Organization, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.SECRET_KEY = NEW
    call_command("rotate_tokens", "--organization", "elsewhere")
    assert capsys.readouterr().out == "elsewhere: 0 tokens revoked, 0 containers are made anew.\n"
    call_command("rotate_tokens", "--organization", "acme")
    assert capsys.readouterr().out == "acme: 2 tokens revoked, 2 containers are made anew.\n"
    call_command("rotate_tokens", "--all", "--by-hand")
    assert "acme: 0 tokens revoked" in capsys.readouterr().out
    with pytest.raises(CommandError, match='There is no organization "nowhere"'):
        call_command("rotate_tokens", "--organization", "nowhere")
    assert WorkspaceToken.objects.filter(revoked_at=None).count() == 0
