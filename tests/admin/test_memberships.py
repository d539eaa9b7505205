"""The members of an organization, on its page."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.admin.pages import text
from workspaces.models import Membership, Organization


@pytest.fixture
def form(organization: Organization, alice: User) -> dict[str, str]:
    """What the page sends with one member on it."""
    first, prefix = Membership.objects.get(user=alice), "membership_set"
    return {
        "name": organization.name, f"{prefix}-TOTAL_FORMS": "1", f"{prefix}-INITIAL_FORMS": "1",
        f"{prefix}-0-id": f"{first.pk}", f"{prefix}-0-organization": f"{organization.pk}",
    }  # fmt: skip


def test_a_member_stays_who_she_is(root: Client, organization: Organization, bob: User, form: dict[str, str]) -> None:
    address = f"/admin/workspaces/organization/{organization.pk}/change/"
    assert 'aria-label="Member alice"' in text(root.get(address))
    Membership.objects.get(user=bob).delete()
    assert root.post(address, {**form, "membership_set-0-user": f"{bob.pk}"}).status_code == 302
    assert [each.user.username for each in Membership.objects.all()] == ["alice"]


def test_a_membership_can_begin_and_end(
    root: Client, organization: Organization, bob: User, form: dict[str, str]
) -> None:
    address = f"/admin/workspaces/organization/{organization.pk}/change/"
    Membership.objects.get(user=bob).delete()
    begin = {"membership_set-TOTAL_FORMS": "2", "membership_set-1-user": f"{bob.pk}"}
    assert root.post(address, {**form, **begin, "membership_set-0-DELETE": "on"}).status_code in (200, 302)
    assert [each.user.username for each in Membership.objects.all()] == ["bob"]
