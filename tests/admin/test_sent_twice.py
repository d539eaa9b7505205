"""Every form that writes, sent twice as by a double click or a reload: carried out once, and both lead to one page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from audit.models import StructureEvent
from tests.admin.pages import CASCADE, LIST, live_names, named, text
from tests.trees import BEFORE
from workspaces.access import Actor
from workspaces.admin.cascade.cascade_context import CascadeView
from workspaces.models import ApiToken, Container, ImportRun, Membership, Organization, Submission, Workspace
from workspaces.services.imports.importing import Applied
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.submissions import forget_submissions

Live = Callable[..., Applied]
Form = dict[str, Any]
NOTHING_SENT = {"action": "", "_save": "Save"}


def token_of(client: Client, address: str) -> str:
    """The token that the form at that address carries against forged requests, which names this rendering of it."""
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(address).content.decode())
    assert found
    return found[1]


def send(client: Client, address: str, form: Form, *, shown_at: str = "", times: int = 2) -> list[HttpResponse]:
    """The same rendering of a form, sent so many times."""
    sent = {**form, "csrfmiddlewaretoken": token_of(client, shown_at or address)}
    return [client.post(address, sent) for _ in range(times)]


def said(client: Client, answer: HttpResponse) -> str:
    return text(client.get(answer["Location"]))


def test_a_workspace_is_added_once(operator: Client, organization: Organization) -> None:
    form = {"organization": organization.slug, "name": "Attic", "tier": "2"}
    first, second = send(operator, f"{LIST}add/", form)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"] == f"{LIST}{named('Attic').pk}/change/"
    assert "It was carried out once." in said(operator, second)
    assert StructureEvent.objects.filter(event_type="workspace.provisioning").count() == 1


def test_another_rendering_of_the_form_is_another_form(operator: Client, organization: Organization) -> None:
    form = {"organization": organization.slug, "name": "Attic", "tier": "2"}
    (first,), (second,) = (send(operator, f"{LIST}add/", form, times=1) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 409)
    assert "stands there already" in text(second)


def test_going_back_and_sending_something_else_is_another_form(operator: Client, organization: Organization) -> None:
    token = token_of(operator, f"{LIST}add/")
    for name in ("Attic", "Cellar", "Attic", "Cellar"):
        form = {"organization": organization.slug, "name": name, "tier": "2", "csrfmiddlewaretoken": token}
        assert operator.post(f"{LIST}add/", form).status_code == 302
    assert live_names() == ["Attic", "Cellar"]


def test_a_form_with_a_mistake_may_be_sent_again(operator: Client, organization: Organization) -> None:
    form = {"organization": organization.slug, "name": "", "tier": "2"}
    assert [answer.status_code for answer in send(operator, f"{LIST}add/", form)] == [400, 400]
    assert not Submission.objects.exists()


def test_what_was_refused_may_be_sent_again_and_then_passes(
    operator: Client, organization: Organization, live: Live
) -> None:
    live({"Attic": {}})
    sent = {"organization": organization.slug, "name": "Attic", "tier": "2"}
    sent["csrfmiddlewaretoken"] = token_of(operator, f"{LIST}add/")
    assert operator.post(f"{LIST}add/", sent).status_code == 409
    Workspace.objects.update(status="removed", removed_at=timezone.now())
    assert operator.post(f"{LIST}add/", sent).status_code == 302


def test_a_cascade_delete_leads_to_the_same_page_and_says_what_went(operator: Client, live: Live) -> None:
    live(BEFORE)
    root = named("PM")
    view = CascadeView.of([root.pk])
    form = {"_selected_action": str(root.pk), "confirm": "1", "fingerprint": view.fingerprint, "confirm_removals": "9"}
    first, second = send(operator, CASCADE, form, shown_at=f"{CASCADE}?_selected_action={root.pk}")
    assert (first["Location"], second["Location"]) == (LIST, LIST)
    page = said(operator, second)
    assert "That was done already: 9 workspaces removed." in page
    assert "Nothing was removed" not in page
    assert StructureEvent.objects.filter(event_type="workspace.removed").count() == 9


def test_a_token_is_made_once_and_its_text_never_shown_again(operator: Client, alice: User) -> None:
    address = "/admin/workspaces/apitoken/add/"
    first, second = send(operator, address, {"user": "alice", "name": "ci", "days": "1"})
    assert (first.status_code, second.status_code) == (201, 302)
    page = said(operator, second)
    assert "The token “ci” was made already, and shown that once" in page
    assert not re.search(r"org_[\w-]{20,}", page)
    assert ApiToken.objects.filter(user=alice).count() == 1


def test_two_tokens_of_one_name_are_two_when_asked_for_twice(operator: Client, alice: User) -> None:
    for _ in range(2):
        send(operator, "/admin/workspaces/apitoken/add/", {"user": "alice", "name": "ci", "days": "1"}, times=1)
    assert ApiToken.objects.filter(user=alice).count() == 2


def inline(**rows: str) -> Form:
    """The part of an organization's form that holds its members."""
    number = "1" if rows else "0"
    return {"membership_set-TOTAL_FORMS": number, "membership_set-INITIAL_FORMS": "0", **rows}


def test_an_organization_is_added_once(root: Client) -> None:
    address = "/admin/workspaces/organization/add/"
    first, second = send(root, address, {"name": "Hooli", "slug": "hooli", **inline()})
    assert (first.status_code, second.status_code) == (302, 302)
    assert "already exists" not in said(root, second)
    assert Organization.objects.filter(slug="hooli").count() == 1


def test_a_member_is_added_once(root: Client, organization: Organization, charlie: User) -> None:
    address = f"/admin/workspaces/organization/{organization.pk}/change/"
    row = {"membership_set-0-user": str(charlie.pk), "membership_set-0-organization": str(organization.pk)}
    answers = send(root, address, {"name": organization.name, **inline(**row)})
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Membership.objects.filter(user=charlie, organization=organization).count() == 1


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/admin/auth/group/add/", {"name": "Night shift"}),
        (
            "/admin/auth/user/add/",
            {"username": "dora", "usable_password": "true", "password1": "a-Long-one-3", "password2": "a-Long-one-3"},
        ),
    ],
)
def test_users_and_groups_are_added_once(root: Client, address: str, form: Form) -> None:
    answers = send(root, address, form)
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert User.objects.filter(username="dora").count() + Group.objects.filter(name="Night shift").count() == 1


def test_protection_is_set_once(operator: Client, live: Live) -> None:
    live({"PM": {}})
    address = f"{LIST}{named('PM').pk}/change/"
    first, second = send(operator, address, {"protected": "on", "tier": "2", "role": ""})
    assert (first.status_code, second.status_code) == (302, 302)
    assert named("PM").protected
    assert named("PM").history.count() == 2  # made, and protected


@pytest.mark.parametrize("which", ["run", "container"])
def test_trying_again_is_asked_for_once(operator: Client, live: Live, which: str) -> None:
    run, later = live({"PM": {}}).run, timezone.now() + timedelta(minutes=1)
    key = named("PM").pk
    Container.objects.create(
        workspace_id=key, desired="running", due_at=later, changed_at=later, last_error="no", attempts=1,
        import_id=run.pk, organization=run.organization,
    )  # fmt: skip
    address = {"run": f"/admin/runs/{run.pk}/again/", "container": f"/admin/containers/{key}/again/"}[which]
    first, second = send(operator, address, {}, shown_at=f"/admin/runs/{run.pk}/")
    assert first["Location"] == second["Location"] == f"/admin/runs/{run.pk}/"
    page = said(operator, second)
    assert "1 container will be tried at once." in page
    assert "Nothing waits there." not in page


def test_what_somebody_else_sends_is_their_own(
    operator: Client, signed_in: Callable[[User], Client], organization: Organization, make_user: Any
) -> None:
    other = signed_in(make_user("dora", "Operator", organization))
    sent = {"user": "alice", "name": "ci", "days": "1", "csrfmiddlewaretoken": token_of(operator, f"{LIST}add/")}
    address = "/admin/workspaces/apitoken/add/"
    assert operator.post(address, sent).status_code == 201
    assert other.post(address, {**sent, "user": "dora"}).status_code == 201


def test_the_memory_is_kept_for_a_day(operator: Client, organization: Organization) -> None:
    send(operator, f"{LIST}add/", {"organization": organization.slug, "name": "Attic", "tier": "2"})
    assert forget_submissions() == 0
    Submission.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))
    assert forget_submissions() == 1


def test_no_secret_is_in_the_memory(root: Client) -> None:
    form = {"username": "dora", "usable_password": "true", "password1": "a-Long-one-3", "password2": "a-Long-one-3"}
    send(root, "/admin/auth/user/add/", form)
    assert "a-Long-one-3" not in str(Submission.objects.values())


# ---- previews


@pytest.mark.parametrize("second", ["merge", "reconcile"])
def test_a_preview_applied_twice_leads_to_the_run_of_the_first_time(
    operator: Client, preview: Callable[..., str], second: str
) -> None:
    address = preview(BEFORE)
    first = operator.post(address, {"mode": "merge"})
    again = operator.post(address, {"mode": second, "confirm_removals": "0"})
    assert (again.status_code, again["Location"]) == (302, first["Location"])
    page = said(operator, again)
    assert "was applied already" in page
    assert "Nothing was applied" not in page
    assert list(ImportRun.objects.values_list("state", flat=True)) == ["completed"]


def test_an_applied_preview_says_so_and_leads_to_its_run(operator: Client, preview: Callable[..., str]) -> None:
    address = preview(BEFORE)
    run = operator.post(address, {"mode": "merge", "reason": "Ticket 7"})["Location"]
    page = text(operator.get(address))
    assert f'<a href="{run}">' in page
    assert "Applied" in page
    for untrue in ("nothing changed yet", "out of date", "Nothing has been changed yet", "Preview again before"):
        assert untrue.lower() not in page.lower()
    assert 'name="mode"' not in page


def test_an_applied_preview_stays_so_whatever_happens_later(
    operator: Client, preview: Callable[..., str], live: Live
) -> None:
    address = preview(BEFORE)
    run = operator.post(address, {"mode": "merge"})["Location"]
    live({"Later": {}})
    page = text(operator.get(address))
    assert f'<a href="{run}">' in page
    assert "out of date" not in page.lower()


def test_a_tree_that_changed_and_changed_back_says_what_makes_the_preview_stale(
    operator: Client, preview: Callable[..., str], live: Live, actor: Actor
) -> None:
    address = preview(BEFORE)
    live({"Later": {}})
    cascade_delete([named("Later").pk], actor=actor)
    page = text(operator.get(address))
    assert "A template was imported since this preview." in page
    assert "0 workspaces changed" not in page


def test_a_preview_of_somebody_else_that_shows_the_same_plan_leads_to_that_run(
    operator: Client, preview: Callable[..., str]
) -> None:
    first, second = preview(BEFORE), preview(BEFORE)
    run = operator.post(first, {"mode": "merge"})["Location"]
    assert operator.post(second, {"mode": "merge"})["Location"] == run
