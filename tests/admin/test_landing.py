"""The page after a login: the one that the user asked for, or home where none answers them there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from audit.models import StructureEvent
from tests.admin.pages import named
from tests.trees import BEFORE
from workspaces.models import Organization
from workspaces.services.imports.importing import Applied

pytestmark = pytest.mark.once

LOGIN, HOME = "/admin/login/", "/admin/"
NOBODY = "00000000-0000-4000-8000-000000000000"

GOOD = [
    "/admin/", "/admin/runs/", "/admin/runs", "/admin/timeline/?at=20:13#now", "/admin/workspaces/workspace/?q=PM",
    "http://testserver/admin/runs/", "/docs", "/events", "/",
]  # fmt: skip
NOWHERE = [
    "/nowhere", "/admin/nowhere/", "/admin/runs/x/", f"/admin/runs/{NOBODY}/", "/accounts/profile/", "/static/none.js",
    "/admin/logout/", f"/admin/runs/{NOBODY}/again/", "/org/import", "/events/stream", f"/workspaces/{NOBODY}",
    "https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "%00", "/admin/%00/",
    "http://testserver/nowhere", "/events?since=never", "relative", "http://[", "/admin/timeline/../nowhere",
]  # fmt: skip


def sign_in(user: User, target: str, *, how: str = "query") -> str:
    """The address to which a login leads."""
    client = Client()
    form = {"username": user.get_username(), "password": f"{user.get_username()}-secret"}
    query = {"next": target} if how == "query" else {}
    answer = client.post(LOGIN, form | ({"next": target} if how == "form" else {}), query_params=query)
    assert answer.status_code == 302
    assert client.get(HOME).status_code == 200, "signed in all the same"
    return answer["Location"]


@pytest.mark.parametrize("target", GOOD)
def test_a_page_that_answers_is_where_they_land(alice: User, target: str) -> None:
    assert sign_in(alice, target) == target


@pytest.mark.parametrize("how", ["query", "form"])
@pytest.mark.parametrize("target", NOWHERE)
def test_whatever_does_not_answer_leads_home(alice: User, target: str, how: str) -> None:
    assert sign_in(alice, target, how=how) == HOME


@pytest.mark.parametrize("target", ["/admin/import/", "/admin/cascade-delete/", "/admin/auth/user/", "/events"])
def test_a_page_that_they_may_not_see_leads_home_and_is_no_refusal(bob: User, target: str) -> None:
    assert sign_in(bob, target) == HOME
    assert not StructureEvent.objects.filter(event_type="security.denied").exists()


def test_what_belongs_to_another_organization_leads_home(
    live: Callable[..., Applied], alice: User, charlie: User, organization: Organization
) -> None:
    run = live(BEFORE).run
    page = f"/admin/workspaces/workspace/{named('PM').pk}/change/"
    for target in (f"/admin/runs/{run.pk}/", page, f"/workspaces/{named('PM').pk}"):
        assert (sign_in(alice, target), sign_in(charlie, target)) == (target, HOME)


def test_a_page_that_fails_is_still_where_they_land(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise LookupError

    monkeypatch.setattr("workspaces.models.querysets.OrganizationQuerySet.visible_to", fail)
    client = Client()
    answer = client.post(
        LOGIN, {"username": "alice", "password": "alice-secret"}, query_params={"next": "/admin/runs/"}
    )
    assert answer["Location"] == "/admin/runs/"


@pytest.mark.parametrize("target", ["/nowhere", "/org/import", "https://evil.example/"])
def test_a_logout_leads_nowhere_either(alice: User, target: str) -> None:
    client = Client()
    client.force_login(alice)
    answer = client.post("/admin/logout/", query_params={"next": target})
    assert answer.status_code == 302
    assert answer["Location"] in (HOME, "/admin/logout/"), "which leads home, once they are out"
    assert client.get(HOME)["Location"].startswith(LOGIN)
