"""How often one user may change something over REST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from tests.api.conftest import Caller
from tests.databases import taking_no_changes
from workspaces.models import Counter, Workspace, WorkspaceToken
from workspaces.services.security.rate_limits import WIDER
from workspaces.services.security.tokens import issue_api_token


@pytest.fixture(autouse=True)
def _twice_a_minute(settings: Any) -> None:
    settings.ORGSITE_THROTTLE = 2


def test_the_third_import_of_a_minute_is_too_many(as_alice: Caller) -> None:
    asked = {"template": {"name": "Dev"}, "org": "acme", "dry_run": True}
    answers = [as_alice.post("/org/import", asked) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert set(answers[2].json()) == {"error", "errors"}


def test_deletes_count_with_imports_and_looking_does_not(as_alice: Caller, named: Callable[[str], Workspace]) -> None:
    address = f"/workspaces/{named('QA Engineer').pk}"
    assert [as_alice.delete(address).status_code for _ in range(3)] == [200, 200, 429]
    assert as_alice.post("/org/import", {}).status_code == 429
    assert as_alice.get(address).status_code == 200


def test_undos_and_restores_count_with_imports_too(as_alice: Caller) -> None:
    nothing = uuid4()
    answers = [as_alice.post(path) for path in (f"/runs/{nothing}/undo", f"/workspaces/{nothing}/restore")]
    assert [answer.status_code for answer in answers] == [404, 404]
    for path in ("/org/import", f"/runs/{nothing}/undo", f"/workspaces/{nothing}/restore"):
        assert as_alice.post(path, {"dry_run": True}).status_code == 429


def test_everybody_has_a_count_of_her_own(as_alice: Caller, as_charlie: Caller) -> None:
    for _ in range(3):
        as_alice.post("/org/import", {})
    assert as_charlie.post("/org/import", {}).status_code == 400


def test_a_dry_run_takes_no_turn_where_nothing_can_be_changed(as_alice: Caller) -> None:
    asked = {"template": {"name": "Dev"}, "org": "acme"}
    with taking_no_changes():
        answers = [as_alice.post("/org/import", {**asked, "dry_run": True}) for _ in range(4)]
        refused = as_alice.post("/org/import", asked)
    assert {answer.status_code for answer in answers} == {200}
    assert refused.status_code == 503


def test_off_is_off(as_alice: Caller, settings: Any) -> None:
    settings.ORGSITE_THROTTLE = None
    assert {as_alice.post("/org/import", {}).status_code for _ in range(70)} == {400}


# ---- all other changes

Doing = Callable[[Caller, Workspace], Any]


def protect(caller: Caller, pm: Workspace) -> Any:
    pm.refresh_from_db()
    return caller.patch(f"/workspaces/{pm.pk}", {"protected": not pm.protected})


def create(caller: Caller, pm: Workspace) -> Any:
    return caller.post("/workspaces", {"name": f"Made {Workspace.objects.count()}", "parent": str(pm.pk)})


def make_a_token(caller: Caller, pm: Workspace) -> Any:
    return caller.post(f"/workspaces/{pm.pk}/tokens")


CHANGES = {"protect": (protect, 200), "create": (create, 201), "make a token": (make_a_token, 201)}


@pytest.mark.parametrize(("change", "status"), CHANGES.values(), ids=CHANGES.keys())
def test_any_other_change_has_a_wider_limit(
    as_alice: Caller, named: Callable[[str], Workspace], change: Doing, status: int
) -> None:
    answers = [change(as_alice, named("PM")) for _ in range(2 * WIDER)]
    assert {answer.status_code for answer in answers} == {status}
    before = (Workspace.objects.count(), Workspace.history.count(), WorkspaceToken.objects.count())
    refused = [change(as_alice, named("PM")) for _ in range(3)]
    assert {answer.status_code for answer in refused} == {429}
    assert 0 < int(refused[0]["Retry-After"]) <= 60
    assert (Workspace.objects.count(), Workspace.history.count(), WorkspaceToken.objects.count()) == before


def test_another_token_of_the_user_is_no_other_count(as_alice: Caller, alice: User) -> None:
    for _ in range(2):
        as_alice.post("/org/import", {})
    assert Caller(issue_api_token(alice)).post("/org/import", {}).status_code == 429


def test_a_refusal_of_a_turn_writes_nothing(as_alice: Caller) -> None:
    for _ in range(3):
        as_alice.post("/org/import", {})
    before = list(Counter.objects.values())
    as_alice.post("/org/import", {})
    assert list(Counter.objects.values()) == before
