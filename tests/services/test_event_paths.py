"""Every event of a workspace says where it stood then, whatever writes it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from audit.event_types import WORKSPACE_ONLINE
from audit.models import StructureEvent
from audit.payload import path_of
from tests.trees import REPLACING, loaded
from workspaces.access import Actor
from workspaces.core.containers.sweep_plan import Held, Unknown
from workspaces.core.planning.plan_values import Mode
from workspaces.core.template import Node
from workspaces.models import Container, Organization, Workspace
from workspaces.services.containers.container_results import WORKER, record_away
from workspaces.services.imports.importing import Confirmation, apply_import
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.sweep.strays import note_destroyed, note_stopped
from workspaces.services.workspace.adding import create_workspace
from workspaces.services.workspace.editing import edit_workspace
from workspaces.services.workspace.presence import heartbeat, register

TREE = {"PM": {"Dev Lead": {'QA "1"': {}, "Göteborg \\ 🚀": {}}, "Ops": {}}}
pytestmark = pytest.mark.django_db
LEAD, QA = ["PM", "Dev Lead"], ["PM", "Dev Lead", 'QA "1"']


@pytest.fixture(params=["none", "docker"])
def live(request: pytest.FixtureRequest, organization: Organization, actor: Actor, settings: Any) -> Organization:
    settings.ORGSITE_ENGINE, settings.ORGSITE_RUNTIME_IMAGES = request.param, {"*": "busybox"}
    apply_import(organization, loaded(TREE), mode=Mode.MERGE, actor=actor)
    return organization


def paths(kind: str) -> list[list[str]]:
    """The paths of the events of that type, each checked against name and parent."""
    events = list(StructureEvent.objects.filter(event_type=f"workspace.{kind}").order_by("id"))
    for event in events:
        assert event.payload.keys() >= {"name", "path", "parent_id", "why"}
        assert event.payload["path"][-1] == event.payload["name"]
        assert (len(event.payload["path"]) > 1) == bool(event.payload["parent_id"])
    return [event.payload["path"] for event in events]


def named(name: str) -> Workspace:
    return Workspace.objects.select_related("organization").get(name=name)


def test_an_import_writes_where_each_stands(live: Organization) -> None:
    assert sorted(paths("provisioning")) == sorted(
        [["PM"], LEAD, QA, [*LEAD, "Göteborg \\ 🚀"], ["PM", "Ops"]],
    )
    online = paths("online")
    assert not online or sorted(online) == sorted(paths("provisioning"))


def test_a_later_import_knows_what_stands_above(live: Organization, actor: Actor) -> None:
    apply_import(live, loaded({"PM": {"Dev Lead": {"New": {}}}}), mode=Mode.MERGE, actor=actor)
    assert paths("provisioning")[-1] == [*LEAD, "New"]


def test_a_reconcile_writes_where_what_it_removes_stood(live: Organization, actor: Actor) -> None:
    sure = Confirmation(confirm_removals=3)
    tree = loaded({"PM": {"Ops": {}}, "Dev Lead": {}})
    apply_import(live, tree, mode=Mode.RECONCILE, options=REPLACING, actor=actor, confirmation=sure)
    assert sorted(paths("removed")) == sorted([LEAD, QA, [*LEAD, "Göteborg \\ 🚀"]])


def test_a_cascade_delete_knows_what_stands_above_its_roots(live: Organization, actor: Actor) -> None:
    cascade_delete([named("Dev Lead").pk, named('QA "1"').pk], actor=actor)
    assert sorted(paths("removed")) == sorted([LEAD, QA, [*LEAD, "Göteborg \\ 🚀"]])
    released = paths("released")
    assert not released or sorted(released) == sorted(paths("removed"))


def test_one_made_by_hand(live: Organization, actor: Actor) -> None:
    create_workspace(live, Node(name="New", path="New"), parent_id=named("Dev Lead").pk, actor=actor)
    create_workspace(live, Node(name="Root", path="Root"), parent_id=None, actor=actor)
    assert paths("provisioning")[-2:] == [[*LEAD, "New"], ["Root"]]


def test_a_change_by_hand_has_fields_and_the_reason(live: Organization, actor: Actor) -> None:
    edit_workspace(named('QA "1"'), {"tier": 4, "protected": True}, actor=actor, reason="keys")
    assert paths("changed") == [QA]
    payload = StructureEvent.objects.get(event_type="workspace.changed").payload
    assert payload["reason"] == "keys"
    assert {row["field"]: (row["from"], row["to"]) for row in payload["changes"]} == {
        "tier": (2, 4), "protected": (False, True),
    }  # fmt: skip


def test_what_an_agent_says(live: Organization) -> None:
    Workspace.objects.update(status="offline")
    heartbeat(named('QA "1"').pk)
    register(named("Dev Lead").pk, url="http://a.example/")
    assert paths("online")[-2:] == [QA, LEAD]


def test_what_an_engine_that_is_away_holds_up(live: Organization, actor: Actor) -> None:
    if Container.objects.exists():
        cascade_delete([named("Dev Lead").pk], actor=actor)
        record_away("no engine")
        assert sorted(paths("release_failed")) == sorted(paths("removed"))


def test_strays_stand_alone(db: None) -> None:
    strays = [Unknown(id=uuid4(), why="nobody", held=Held(name="PM", organization="x"))]
    note_stopped(strays, actor=WORKER)
    note_destroyed(strays, actor=WORKER)
    assert paths("stopped") == paths("released") == [["PM"]]


def test_an_older_event_has_its_name_alone() -> None:
    event = StructureEvent(event_type=WORKSPACE_ONLINE.name, payload={"name": "PM", "parent_id": str(uuid4())})
    assert path_of(event) == ("PM",)
