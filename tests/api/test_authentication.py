"""Who is asking: tokens and sessions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tests.api.conftest import Caller
from workspaces.models import ApiToken
from workspaces.services.security.tokens import issue_api_token

TEMPLATE = {"template": {"name": "Dev", "workspaces": [{"name": "PM"}]}, "org": "acme", "dry_run": True}


@pytest.mark.parametrize(
    "header",
    [
        None, "", "Bearer", "Bearer ", "Bearer a b", "Bearer org_unknown", "Bearer ☃", "Token x", "Basic YTpi",
        "Bearer " + "x" * 9000,
    ],
    ids=lambda header: str(header)[:20],
)  # fmt: skip
@pytest.mark.django_db
def test_no_or_bad_credentials_are_challenged(client: Client, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode().decode("latin-1")}
    answer = client.get("/workspaces", headers=headers)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="orgsite"')
    assert set(answer.json()) == {"error", "errors"}


def test_the_scheme_is_written_in_any_case(as_alice: Caller) -> None:
    answer = as_alice.client.get("/workspaces", headers={"Authorization": f"bearer {as_alice.token}"})
    assert answer.status_code == 200


def test_a_revoked_an_expired_and_an_inactive_user_s_token_are_refused(alice: User) -> None:
    expired = issue_api_token(alice, expires_at=timezone.now() - timedelta(seconds=1))
    revoked = issue_api_token(alice, name="revoked")
    ApiToken.objects.filter(name="revoked").update(revoked_at=timezone.now())
    fine = issue_api_token(alice)
    assert [Caller(token).get("/workspaces").status_code for token in (expired, revoked, fine)] == [401, 401, 200]
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert Caller(fine).get("/workspaces").status_code == 401


def test_a_read_only_token_passes_what_changes_nothing(alice: User) -> None:
    caller = Caller(issue_api_token(alice, read_only=True))
    assert caller.get("/workspaces").status_code == 200
    assert caller.client.head("/workspaces", headers=caller.headers).status_code == 200
    assert caller.post("/org/import", TEMPLATE).status_code == 200
    refused = caller.post("/org/import", TEMPLATE | {"dry_run": False})
    assert (refused.status_code, refused.json()["error"]) == (403, "This token is read-only.")


def test_the_last_use_is_noted_to_the_minute(as_alice: Caller) -> None:
    as_alice.get("/workspaces")
    first = ApiToken.objects.get().last_used_at
    as_alice.get("/workspaces")
    assert first
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(seconds=61))
    as_alice.get("/workspaces")
    assert ApiToken.objects.get().last_used_at >= first


@pytest.fixture
def browser(alice: User) -> tuple[Client, str]:
    """alice's browser after the login, and its CSRF token."""
    client = Client(enforce_csrf_checks=True)
    client.get("/admin/login/")
    client.force_login(alice)
    return client, client.cookies["csrftoken"].value


def test_a_session_reads_and_with_the_csrf_token_writes(browser: tuple[Client, str]) -> None:
    client, token = browser
    assert client.get("/workspaces").status_code == 200
    refused = client.post("/org/import", TEMPLATE, "application/json")
    assert (refused.status_code, "CSRF" in refused.json()["error"]) == (403, True)
    answer = client.post("/org/import", TEMPLATE, "application/json", headers={"X-CSRFToken": token})
    assert answer.status_code == 200


def test_a_form_of_a_session_is_read_although_the_csrf_check_read_it_first(browser: tuple[Client, str]) -> None:
    client, token = browser
    form = {"file": SimpleUploadedFile("dev.yaml", b"name: Dev"), "org": "acme", "dry_run": "1"}
    assert client.post("/org/import", form).status_code == 403
    form["file"].seek(0)
    assert client.post("/org/import", form, headers={"X-CSRFToken": token}).status_code == 200


def test_an_inactive_user_s_session_is_no_credential(alice: User, client: Client) -> None:
    client.force_login(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get("/workspaces").status_code == 401
