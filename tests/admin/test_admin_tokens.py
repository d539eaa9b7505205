"""Making an API token in the admin: its text is on one page, once, and nowhere else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from audit.models import StructureEvent
from tests.admin.pages import text
from workspaces.models import ApiToken
from workspaces.services.security.tokens import find_api_token, issue_api_token

pytestmark = pytest.mark.once
LIST = "/admin/workspaces/apitoken/"
ADD = f"{LIST}add/"
ASKED = {"user": "bob", "name": "laptop", "days": "30", "read_only": "on"}


def made(answer: HttpResponse) -> str:
    """The token on the page."""
    assert answer.status_code == 201, text(answer)
    (found,) = re.findall(r"org_[\w-]{43}", answer.content.decode())
    return found


def test_everybody_makes_tokens_of_her_own(viewer: Client, bob: User) -> None:
    token = find_api_token(made(viewer.post(ADD, ASKED)))
    assert token
    assert (token.user, token.name, token.read_only) == (bob, "laptop", True)
    assert token.expires_at
    assert timedelta(days=29) < token.expires_at - timezone.now() < timedelta(days=31)


def test_its_text_is_shown_once_and_kept_nowhere(viewer: Client) -> None:
    answer = viewer.post(ADD, ASKED)
    secret = made(answer)
    assert "no-store" in answer["Cache-Control"]
    key = ApiToken.objects.get().pk
    for address in (LIST, f"{LIST}{key}/change/", f"{LIST}{key}/history/", ADD):
        assert secret not in viewer.get(address).content.decode()
    assert secret not in str([session.get_decoded() for session in Session.objects.all()])
    assert secret not in str(viewer.cookies)


def test_nobody_but_a_superuser_makes_one_for_somebody_else(viewer: Client, root: Client, alice: User) -> None:
    refused = viewer.post(ADD, {**ASKED, "user": "alice"})
    assert refused.status_code == 400
    assert not ApiToken.objects.exists()
    assert made(root.post(ADD, {**ASKED, "user": "alice"}))
    assert ApiToken.objects.get().user == alice
    assert StructureEvent.objects.get(event_type="security.token_created").actor == "root"


def test_others_users_are_not_even_named(viewer: Client, alice: User) -> None:
    assert "alice" not in viewer.get(ADD).content.decode()


@pytest.mark.parametrize("wrong", [{"name": ""}, {"name": "a\u202eb"}, {"days": "2"}, {"days": ""}, {"user": ""}])
def test_what_makes_no_sense_makes_no_token(viewer: Client, wrong: dict[str, str]) -> None:
    answer = viewer.post(ADD, {**ASKED, **wrong})
    assert answer.status_code == 400
    assert "Not made." in text(answer)
    assert not ApiToken.objects.exists()


def test_one_s_own_are_revoked_and_others_are_not_there(viewer: Client, alice: User, bob: User) -> None:
    issue_api_token(alice, name="hers")
    issue_api_token(bob, name="his")
    keys = {token.name: token.pk for token in ApiToken.objects.all()}
    assert "hers" not in viewer.get(LIST).content.decode()
    viewer.post(LIST, {"action": "revoke", "_selected_action": list(keys.values())})
    usable = {token.name: token.revoked_at is None for token in ApiToken.objects.all()}
    assert usable == {"his": False, "hers": True}
