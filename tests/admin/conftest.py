"""Fixtures for the admin's tests: clients that are logged in as alice, bob or charlie."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.admin.pages import upload
from tests.trees import BEFORE, Tree, loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Organization
from workspaces.services.imports.importing import Applied, apply_import


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """A browser in which the user has signed in."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def operator(signed_in: Callable[[User], Client], alice: User) -> Client:
    return signed_in(alice)


@pytest.fixture
def viewer(signed_in: Callable[[User], Client], bob: User) -> Client:
    return signed_in(bob)


@pytest.fixture
def stranger(signed_in: Callable[[User], Client], charlie: User) -> Client:
    return signed_in(charlie)


@pytest.fixture
def root(signed_in: Callable[[User], Client], db: None) -> Client:
    return signed_in(User.objects.create_superuser("root"))


@pytest.fixture
def live(organization: Organization, actor: Actor) -> Callable[..., Applied]:
    """Make the tree live in the organization."""

    def make(tree: Tree = BEFORE, where: Organization = organization) -> Applied:
        return apply_import(where, loaded(tree), mode=Mode.MERGE, actor=actor)

    return make


@pytest.fixture
def preview(operator: Client, organization: Organization) -> Callable[[Tree], str]:
    """Upload the tree as alice; the address of the preview."""

    def ask(tree: Tree) -> str:
        answer = operator.post(reverse("admin:import"), {"org": organization.slug, "file": upload(tree)})
        assert answer.status_code == 302, answer.content.decode()
        return answer["Location"]

    return ask
