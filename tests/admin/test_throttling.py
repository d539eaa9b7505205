"""How often one user may change something on pages: the same count as over REST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from tests.admin.pages import CASCADE, LIST, named, upload
from tests.trees import BEFORE
from workspaces.models import ApiToken, Container, ImportPreview, Organization, Workspace
from workspaces.services.imports.importing import Applied
from workspaces.services.security.rate_limits import WIDER
from workspaces.services.security.tokens import issue_api_token

pytestmark = pytest.mark.once  # `api/test_throttling.py` counts on both

Doing = Callable[[Client], HttpResponse]


@pytest.fixture(autouse=True)
def _twice_a_minute(settings: Any) -> None:
    settings.ORGSITE_THROTTLE = 2


@pytest.fixture
def operator(alice: User, live: Callable[..., Applied]) -> Client:
    live(BEFORE)
    client = Client()
    client.force_login(alice)
    return client


def preview(client: Client) -> HttpResponse:
    return client.post("/admin/import/", {"org": "acme", "file": upload(BEFORE)})


def again(client: Client) -> HttpResponse:
    kept = ImportPreview.objects.latest("created_at")
    return client.post(f"/admin/import/{kept.pk}/", {"again": "1"})


def apply(client: Client) -> HttpResponse:
    kept = ImportPreview.objects.latest("created_at")
    return client.post(f"/admin/import/{kept.pk}/", {"mode": "merge"})


def remove(client: Client, address: str = CASCADE) -> HttpResponse:
    return client.post(address, {"_selected_action": named("QA Engineer").pk, "confirm": "1", "confirm_removals": "9"})


def remove_from_the_list(client: Client) -> HttpResponse:
    return remove(client, LIST)


def refused(answer: HttpResponse) -> bool:
    if answer.status_code != 429:
        return False
    assert 0 < int(answer["Retry-After"]) <= 60
    assert answer["Content-Type"].startswith("text/html")
    assert b"try again in" in answer.content
    return True


@pytest.mark.parametrize("third", [preview, again, apply, remove, remove_from_the_list], ids=lambda each: each.__name__)
def test_the_third_one_of_a_minute_is_too_many_whatever_it_is(operator: Client, third: Doing) -> None:
    assert not refused(preview(operator))
    assert not refused(again(operator))
    before = (ImportPreview.objects.count(), list(Workspace.objects.order_by("pk").values()))
    assert refused(third(operator))
    assert (ImportPreview.objects.count(), list(Workspace.objects.order_by("pk").values())) == before


def test_rest_and_pages_share_one_count(operator: Client, alice: User) -> None:
    bearer = {"Authorization": f"Bearer {issue_api_token(alice)}"}
    sent = {"template": {"name": "Dev"}, "org": "acme", "dry_run": True}
    assert not refused(preview(operator))
    assert Client().post("/org/import", sent, "application/json", headers=bearer).status_code == 200
    assert refused(preview(operator))
    assert Client().post("/org/import", sent, "application/json", headers=bearer).status_code == 429


def test_looking_does_not_count(operator: Client) -> None:
    chosen = {"_selected_action": named("PM").pk}
    for _ in range(4):
        assert operator.get("/admin/import/").status_code == 200
        assert operator.get(CASCADE, chosen).status_code == 200
        assert operator.post(CASCADE, chosen).status_code == 200
    assert not refused(preview(operator))


def test_everybody_has_a_count_of_their_own(operator: Client, charlie: User) -> None:
    for _ in range(3):
        preview(operator)
    other = Client()
    other.force_login(charlie)
    assert not refused(other.post("/admin/import/", {"org": "elsewhere", "file": upload(BEFORE)}))


# ---- all other changes


def protect(client: Client) -> HttpResponse:
    workspace = named("PM")
    form = {"role": workspace.role, "tier": workspace.tier} | ({} if workspace.protected else {"protected": "on"})
    return client.post(f"{LIST}{workspace.pk}/change/", form)


def add(client: Client) -> HttpResponse:
    form = {"organization": "acme", "name": f"Made {Workspace.objects.count()}", "tier": "2"}
    return client.post(f"{LIST}add/", form)


def make_a_token(client: Client) -> HttpResponse:
    form = {"user": "root", "name": "laptop", "days": "1"}
    return client.post("/admin/workspaces/apitoken/add/", form)


def rename(client: Client) -> HttpResponse:
    organization = Organization.objects.get(slug="acme")
    inline = {"membership_set-TOTAL_FORMS": 0, "membership_set-INITIAL_FORMS": 0}
    form = {"name": f"{organization.name}!", **inline}
    return client.post(f"/admin/workspaces/organization/{organization.pk}/change/", form)


def change_a_user(client: Client) -> HttpResponse:
    return client.post(f"/admin/auth/user/{User.objects.get(username='alice').pk}/change/", {"username": "alice"})


def revoke(client: Client) -> HttpResponse:
    form = {"action": "revoke", "_selected_action": [ApiToken.objects.latest("pk").pk]}
    return client.post("/admin/workspaces/apitoken/", form)


def try_again(client: Client) -> HttpResponse:
    return client.post(f"/admin/containers/{named('PM').pk}/again/")


CHANGES = [protect, add, make_a_token, rename, change_a_user, revoke, try_again]


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.__name__)
def test_any_other_change_has_a_wider_limit(
    root: Client, alice: User, live: Callable[..., Applied], change: Doing, settings: Any
) -> None:
    settings.ORGSITE_ENGINE = "fake"
    live(BEFORE)
    issue_api_token(alice)
    for _ in range(2 * WIDER):
        assert not refused(change(root))
    before = [list(model.objects.order_by("pk").values()) for model in (Workspace, ApiToken, Organization, Container)]
    assert refused(change(root))
    after = [list(model.objects.order_by("pk").values()) for model in (Workspace, ApiToken, Organization, Container)]
    assert after == before


def test_who_may_change_nothing_more_may_still_leave(operator: Client) -> None:
    while not refused(protect(operator)):
        pass
    assert operator.post("/admin/logout/").status_code in (200, 302)
    assert operator.get("/admin/").status_code == 302


def test_off_is_off(operator: Client, settings: Any) -> None:
    settings.ORGSITE_THROTTLE = None
    assert not any(refused(protect(operator)) for _ in range(12))
