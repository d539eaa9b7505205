"""The race guard: what is removed never comes back."""

from __future__ import annotations

import pytest

from audit.models import StructureEvent
from tests.trees import loaded
from workspaces.core.plan import Mode
from workspaces.errors import WorkspaceRemoved
from workspaces.models import Organization, Status, Workspace
from workspaces.services.actors import Actor
from workspaces.services.cascading import cascade_delete
from workspaces.services.importing import apply_import
from workspaces.services.presence import heartbeat, register


@pytest.fixture
def pm(organization: Organization, actor: Actor) -> Workspace:
    apply_import(organization, loaded({"PM": {}}), mode=Mode.MERGE, actor=actor)
    return Workspace.objects.get()


def test_a_heartbeat_is_noted_and_writes_no_history(pm: Workspace) -> None:
    heartbeat(pm.pk)
    pm.refresh_from_db()
    assert pm.last_heartbeat_at is not None
    assert pm.history.count() == 1


def test_a_heartbeat_brings_an_offline_workspace_online_and_says_so(pm: Workspace) -> None:
    Workspace.objects.update(status=Status.OFFLINE)
    heartbeat(pm.pk)
    pm.refresh_from_db()
    assert pm.status == Status.ONLINE
    assert StructureEvent.objects.filter(event_type="workspace.online", payload__why="heartbeat").count() == 1


@pytest.mark.parametrize("call", [heartbeat, lambda key: register(key, url="https://agent.example")])
def test_neither_heartbeat_nor_registration_brings_a_removed_workspace_back(pm: Workspace, actor: Actor, call) -> None:
    cascade_delete([pm.pk], actor=actor)
    before = Workspace.objects.values().get()
    with pytest.raises(WorkspaceRemoved):
        call(pm.pk)
    assert Workspace.objects.values().get() == before


def test_a_registration_keeps_the_address(pm: Workspace) -> None:
    register(pm.pk, url="https://agent.example")
    pm.refresh_from_db()
    assert pm.url == "https://agent.example"
