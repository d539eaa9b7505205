"""What the worker writes of a workspace says where it stood then, one statement for a whole batch."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.event_types import (
    NAMES,
    STRAY_STOPPED,
    WORKSPACE_FAILED,
    WORKSPACE_MOVED,
    WORKSPACE_RESTORED,
    WORKSPACE_UPDATED,
)
from audit.models import StructureEvent
from tests.controller.conftest import Merge, hurry, key_of, settle
from workspaces.access import Actor
from workspaces.engines.fake import FakeEngine
from workspaces.models import Container, Organization
from workspaces.services.containers.container_results import News, tell
from workspaces.services.containers.token_rotation import rotate_tokens
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.sweep.sweeping import mend, survey
from workspaces.services.workspace.editing import edit_workspace
from workspaces.worker.controller import Controller

TREE = {"PM": {"Dev Lead": {"QA Engineer": {}}}}
PATHS = [["PM"], ["PM", "Dev Lead"], ["PM", "Dev Lead", "QA Engineer"]]


def paths(kind: str) -> list[list[str]]:
    rows = StructureEvent.objects.filter(event_type=f"workspace.{kind}")
    return sorted(row.payload["path"] for row in rows)


def lose(controller: Controller, engine: FakeEngine) -> None:
    Container.objects.update(changed_at=timezone.now() - timedelta(minutes=1))
    engine.host.containers.clear()
    mend(survey(engine))
    hurry()
    settle(controller)


def test_starts_losses_and_ends(
    merge: Merge, controller: Controller, engine: FakeEngine, organization: Organization, actor: Actor
) -> None:
    merge(TREE)
    settle(controller)
    assert paths("online") == paths("provisioning") == PATHS
    lose(controller, engine)
    assert paths("restarted") == PATHS
    assert {row.payload["why"] for row in StructureEvent.objects.filter(event_type="workspace.restarted")} == {
        "its container is gone"
    }
    lose(controller, engine)
    lose(controller, engine)
    assert paths("failed") == PATHS
    edit_workspace(organization.workspaces.get(name="PM"), {"tier": 4}, actor=actor)
    cascade_delete([key_of("PM")], actor=actor)
    settle(controller)
    assert paths("released") == paths("removed") == PATHS
    written = set(StructureEvent.objects.values_list("event_type", flat=True))
    ours = {name for name in NAMES if name.startswith("workspace.")}
    by_plans = {WORKSPACE_MOVED.name, WORKSPACE_RESTORED.name, WORKSPACE_UPDATED.name}
    assert ours - written <= {STRAY_STOPPED.name, "workspace.release_failed", *by_plans}
    rows = StructureEvent.objects.filter(event_type__startswith="workspace.")
    assert all(row.payload.keys() >= {"name", "path", "parent_id", "why"} for row in rows)


def test_a_rotation_restarts_and_creates_nothing(
    merge: Merge, controller: Controller, organization: Organization, actor: Actor
) -> None:
    merge(TREE)
    settle(controller)
    rotate_tokens(organization, actor=actor, every=True)
    assert paths("restarted") == PATHS
    assert paths("provisioning") == PATHS


def test_a_batch_asks_once_where_all_stand(merge: Merge) -> None:
    merge(TREE)
    rows = list(Container.objects.select_related("workspace__organization"))
    with CaptureQueriesContext(connection) as queries:
        tell([News(kind=WORKSPACE_FAILED, row=row, why="x") for row in rows])
    asked = [query["sql"] for query in queries if "RECURSIVE" in query["sql"]]
    assert len(asked) == 1
