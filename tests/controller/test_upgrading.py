"""What the migration makes of containers and tokens that were there before it."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from tests.controller.conftest import Merge, key_of, settle
from workspaces.access import Actor
from workspaces.models import Container, Organization, Workspace, WorkspaceToken
from workspaces.services.security.tokens import issue_workspace_token
from workspaces.worker.controller import Controller

migration = import_module("workspaces.migrations.0004_turns_losses_and_tokens_of_containers")
EDITOR = SimpleNamespace(connection=connection)


@pytest.fixture
def handed_out(merge: Merge, controller: Controller, actor: Actor) -> WorkspaceToken:
    """Two running containers with their tokens, and one token that somebody handed out; none is marked yet."""
    merge({"PM": {}, "Ops": {}})
    settle(controller)
    issue_workspace_token(Workspace.objects.get(name="PM"), actor=actor)
    token = WorkspaceToken.objects.get(workspace=key_of("PM"), of_container=False)
    WorkspaceToken.objects.update(of_container=False)
    return token


def test_every_container_gets_its_workspaces_organization(
    handed_out: WorkspaceToken, organization: Organization
) -> None:
    Container.objects.update(organization=0)
    migration.name_organizations(apps, EDITOR)
    assert set(Container.objects.values_list("organization", flat=True)) == {organization.pk}


@pytest.mark.parametrize(("fallback", "known"), [(True, 2), (False, 0)])
def test_tokens_of_containers_are_recognized_under_every_key_that_is_named(
    handed_out: WorkspaceToken, settings: Any, fallback: bool, known: int
) -> None:
    old, settings.SECRET_KEY = settings.SECRET_KEY, "a new key that nobody knows yet"
    settings.SECRET_KEY_FALLBACKS = [old] if fallback else []
    migration.mark_tokens(apps, EDITOR)
    marked = WorkspaceToken.objects.filter(of_container=True)
    assert marked.count() == known
    assert not marked.filter(pk=handed_out.pk).exists()


def test_a_revoked_token_is_left_as_it_is(handed_out: WorkspaceToken) -> None:
    WorkspaceToken.objects.filter(workspace=key_of("Ops")).update(revoked_at=handed_out.created_at)
    migration.mark_tokens(apps, EDITOR)
    assert list(WorkspaceToken.objects.filter(of_container=True).values_list("workspace", flat=True)) == [key_of("PM")]
