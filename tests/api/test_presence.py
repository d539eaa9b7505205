"""Heartbeat and registration, with the workspace's own token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.api.conftest import Caller
from workspaces.api.agent_views import noted
from workspaces.errors import WorkspaceRemoved
from workspaces.models import Workspace, WorkspaceToken
from workspaces.services.containers.desired_state import want_each_running
from workspaces.services.security.tokens import issue_api_token

Named = Callable[[str], Workspace]
OWN = "QA Engineer"


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_heartbeat_is_noted(as_agent: Caller, named: Named, slash: str) -> None:
    answer = as_agent.post(f"/workspaces/{named(OWN).pk}/heartbeat{slash}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert named(OWN).last_heartbeat_at


def test_an_agent_registers_where_it_listens(as_agent: Caller, named: Named) -> None:
    answer = as_agent.post(f"/workspaces/{named(OWN).pk}/register", {"url": "http://10.0.0.7:8000"})
    assert (answer.status_code, named(OWN).url, named(OWN).reported_url) == (204, "", "http://10.0.0.7:8000")


@pytest.mark.parametrize("body", [None, {}, {"url": ""}, {"url": 5}, {"url": "ftp://x"}, {"uri": "http://x"}], ids=str)
def test_a_registration_needs_a_url(as_agent: Caller, named: Named, body: Any) -> None:
    assert as_agent.post(f"/workspaces/{named(OWN).pk}/register", body).status_code == 400
    assert named(OWN).reported_url == ""


@pytest.mark.parametrize("action", ["heartbeat", "register"])
def test_a_removed_workspace_hears_that_it_is_gone_and_nothing_changes(
    as_agent: Caller, as_alice: Caller, named: Named, action: str
) -> None:
    run_id = as_alice.delete(f"/workspaces/{named(OWN).pk}", reason="TICKET-42").json()["run_id"]
    before = Workspace.objects.values().get(name=OWN)
    answer = as_agent.post(f"/workspaces/{before['id']}/{action}", {"url": "http://10.0.0.7"})
    gone = {"deleted": True, "removed_at": _text(before["removed_at"]), "by": "alice", "reason": "TICKET-42"}
    assert (answer.status_code, answer.json()) == (410, gone | {"run_id": run_id, "restorable_until": None})
    assert Workspace.objects.values().get(name=OWN) == before


def test_a_removed_agent_hears_until_when_its_workspace_can_come_back(
    as_agent: Caller, as_alice: Caller, named: Named, settings: Any
) -> None:
    settings.ORGSITE_ENGINE = "fake"
    workspace = named(OWN)
    want_each_running([workspace], now=workspace.created_at)
    as_alice.delete(f"/workspaces/{workspace.pk}")
    until = named(OWN).removed_at + timedelta(days=7)
    assert as_agent.post(f"/workspaces/{workspace.pk}/heartbeat").json()["restorable_until"] == _text(until)


def test_one_that_is_restored_at_this_moment_hears_no_more_than_that_it_was_gone(named: Named) -> None:
    def act() -> None:
        raise WorkspaceRemoved("It was, a moment ago.")

    answer = noted(named(OWN).pk, act)
    nothing = dict.fromkeys(("removed_at", "by", "reason", "run_id", "restorable_until"))
    assert (answer.status_code, answer.data) == (410, {"deleted": True} | nothing)


def test_a_user_may_not_speak_for_a_workspace(as_alice: Caller, alice: User, named: Named) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    address = f"/workspaces/{named(OWN).pk}/heartbeat"
    assert as_alice.post(address).status_code == 403
    as_alice.client.force_login(alice)
    assert Caller(client=as_alice.client).post(address).status_code == 403


def test_another_workspace_answers_like_none(as_agent: Caller, named: Named) -> None:
    other = as_agent.post(f"/workspaces/{named('PM').pk}/heartbeat")
    nothing = as_agent.post("/workspaces/nothing/heartbeat")
    assert other.status_code == nothing.status_code == 404
    assert other.content == nothing.content


@pytest.mark.parametrize("token", ["", "ws_unknown", "org_unknown", "ws_" + "x" * 5000])
def test_an_unknown_token_is_no_credential(as_agent: Caller, named: Named, token: str) -> None:
    answer = Caller(token).post(f"/workspaces/{named(OWN).pk}/heartbeat")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="orgsite"')


def test_a_revoked_token_of_a_live_workspace_is_no_credential(as_agent: Caller, named: Named) -> None:
    WorkspaceToken.objects.update(revoked_at=named(OWN).created_at)
    assert as_agent.post(f"/workspaces/{named(OWN).pk}/heartbeat").status_code == 401


def test_a_workspace_token_opens_nothing_else(as_agent: Caller, named: Named) -> None:
    assert as_agent.get("/workspaces").status_code == 401
    assert as_agent.get(f"/workspaces/{named(OWN).pk}").status_code == 401


def test_a_read_only_user_is_refused_like_any_user(alice: User, named: Named) -> None:
    caller = Caller(issue_api_token(alice, read_only=True))
    assert caller.post(f"/workspaces/{named(OWN).pk}/heartbeat").status_code == 403


def test_an_agent_that_changes_its_address_without_end_is_told_to_wait(as_agent: Caller, named: Named) -> None:
    address = f"/workspaces/{named(OWN).pk}/register"
    answers = [as_agent.post(address, {"url": f"http://10.0.0.{number}"}) for number in range(8)]
    assert [answer.status_code for answer in answers] == [204] * 6 + [429] * 2
    assert 0 < int(answers[-1]["Retry-After"]) <= 60
    assert "try again" in answers[-1].json()["error"]
    assert as_agent.post(f"/workspaces/{named(OWN).pk}/heartbeat").status_code == 204
