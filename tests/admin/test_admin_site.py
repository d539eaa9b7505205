"""What holds for every page."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client, RequestFactory
from django.utils import timezone

from tests.admin.pages import CASCADE, LIST, named, text, upload
from tests.trees import AFTER, BEFORE
from workspaces.access import SYSTEM
from workspaces.models import ApiToken, ImportRun, Organization, Workspace, WorkspaceToken
from workspaces.services.imports.importing import Applied
from workspaces.services.security.tokens import find_api_token, issue_api_token, issue_workspace_token

pytestmark = pytest.mark.once


@pytest.fixture
def pages(root: Client, live: Callable[..., Applied]) -> dict[str, str]:
    """Every page's text, by its address."""
    run = live(BEFORE).run
    live(AFTER)
    preview = root.post("/admin/import/", {"org": "acme", "file": upload(AFTER)})["Location"]
    workspace, infra = named("PM"), Workspace.objects.get(name="Infra Lead", parent__name="PM")
    version = workspace.history.latest().pk
    one = f"{LIST}{workspace.pk}/"
    addresses = [
        "/admin/", LIST, f"{LIST}?q=QA", f"{one}change/", f"{one}history/", f"{one}history/{version}/", f"{LIST}add/",
        "/admin/import/", preview, "/admin/runs/", f"/admin/runs/{run.pk}/", f"{CASCADE}?_selected_action={infra.pk}",
        "/admin/workspaces/organization/", "/admin/workspaces/apitoken/", "/admin/workspaces/workspacetoken/",
    ]  # fmt: skip
    answers = {address: root.get(address) for address in addresses}
    assert {address: answer.status_code for address, answer in answers.items()} == dict.fromkeys(addresses, 200)
    return {address: text(answer) for address, answer in answers.items()}


def test_no_page_has_a_script_or_style_of_its_own(pages: dict[str, str]) -> None:
    for address, page in pages.items():
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|javascript:", page), f"{address}: move it into static/"
        assert not re.search(r"<script(?![^>]*\ssrc=)", page), f"{address}: move the script into static/"


def test_every_page_shows_the_sections_and_marks_the_current_one(pages: dict[str, str]) -> None:
    for page in pages.values():
        assert '<nav class="ws-nav" aria-label="Sections">' in page
    assert '<a href="/admin/import/" aria-current="page">Import</a>' in pages["/admin/import/"]
    assert f'<a href="{LIST}" aria-current="page">Workspaces</a>' in pages[LIST]


def test_no_page_uses_words_that_nobody_understands(pages: dict[str, str]) -> None:
    for address, page in pages.items():
        assert not re.search(r"(?i)\b(zombie|orphan|prune|sync)", page), address


def test_every_id_stands_once_and_every_label_has_its_field(pages: dict[str, str]) -> None:
    for address, page in pages.items():
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), f"{address}: {sorted(each for each in ids if ids.count(each) > 1)}"
        targets = re.findall(r'<label[^>]*\sfor="([^"]+)"', page) + re.findall(
            r'aria-(?:labelledby|describedby)="([^" ]+)', page
        )
        assert set(targets) <= set(ids), address


def test_sections_are_those_the_user_may_open(viewer: Client) -> None:
    sections = re.findall(r"<nav class=\"ws-nav\".*?</nav>", text(viewer.get("/admin/")))[0]
    assert re.findall(r">([A-Z][a-z]+)</a>", sections) == ["Workspaces", "Runs"]


def test_nobody_can_delete_a_row_through_the_admin(alice: User) -> None:
    request = RequestFactory().get("/admin/")
    request.user = User.objects.create_superuser("root")
    for model in (Workspace, Organization, ApiToken, WorkspaceToken, *apps.get_app_config("audit").get_models()):
        if model in admin.site._registry:
            options = admin.site._registry[model]
            assert not options.has_delete_permission(request), model
            assert "delete_selected" not in options.get_actions(request), model
    assert ImportRun not in admin.site._registry


def test_the_delete_page_of_a_workspace_is_shut(root: Client, live: Callable[..., Applied]) -> None:
    live({"PM": {}})
    assert root.post(f"{LIST}{named('PM').pk}/delete/", {"post": "yes"}).status_code == 403
    assert named("PM").is_live


@pytest.mark.parametrize("page", ["/admin/import/", "/admin/runs/", CASCADE, LIST, "/admin/timeline/"])
def test_who_is_not_signed_in_is_led_to_the_login(client: Client, db: None, page: str) -> None:
    assert client.get(page)["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("page", ["/admin/import/", CASCADE])
def test_forms_need_their_csrf_token(alice: User, page: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(page, {"org": "acme"}).status_code == 403


def test_the_box_that_ends_a_membership_says_whose(root: Client, alice: User, organization: Organization) -> None:
    page = text(root.get(f"/admin/workspaces/organization/{organization.pk}/change/"))
    assert 'aria-label="End the membership of alice"' in page


def test_tokens_are_revoked_not_deleted(root: Client, alice: User) -> None:
    secret = issue_api_token(alice, name="laptop")
    sent = {"action": "revoke", "_selected_action": [ApiToken.objects.get().pk]}
    page = text(root.post("/admin/workspaces/apitoken/", sent, follow=True))
    assert "1 token revoked." in page
    assert find_api_token(secret) is None
    assert ApiToken.objects.get().digest not in page


def test_a_token_page_shows_neither_digest_nor_button(root: Client, alice: User) -> None:
    issue_api_token(alice, name="laptop")
    token = ApiToken.objects.get()
    page = text(root.get(f"/admin/workspaces/apitoken/{token.pk}/change/"))
    assert token.digest not in page
    assert 'name="_save"' not in page


def test_members_only_see_tokens_of_their_workspaces(
    signed_in: Callable[[User], Client], alice: User, charlie: User, live: Callable[..., Applied]
) -> None:
    live({"PM": {}})
    issue_workspace_token(named("PM"), actor=SYSTEM)
    for user in (alice, charlie):
        user.user_permissions.add(Permission.objects.get(codename="view_workspacetoken"))
    assert "1 workspace token" in text(signed_in(alice).get("/admin/workspaces/workspacetoken/"))
    assert "0 workspace tokens" in text(signed_in(charlie).get("/admin/workspaces/workspacetoken/"))


def test_a_refusal_looks_like_the_site_and_says_that_nothing_changed(stranger: Client, viewer: Client) -> None:
    missing, forbidden = stranger.get("/admin/runs/00000000-0000-0000-0000-000000000000/"), viewer.get("/admin/import/")
    assert (missing.status_code, forbidden.status_code) == (404, 403)
    assert "it is not yours to see" in text(missing)
    assert "Nothing was changed." in text(forbidden)


def test_djangos_own_pages_write_times_as_ours_do(root: Client, organization: Organization) -> None:
    made = timezone.localtime(organization.created_at)
    assert f"{made.day} {made:%b %Y %H:%M:%S}" in text(root.get("/admin/workspaces/organization/"))
