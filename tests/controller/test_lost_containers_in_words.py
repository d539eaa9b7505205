"""The timeline's words where the worker, and nobody else, did something to a workspace."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from audit.models import StructureEvent
from tests.controller.conftest import Merge, key_of, settle
from tests.trees import BEFORE
from workspaces.access import Actor
from workspaces.admin.timeline import event_queries
from workspaces.admin.timeline.event_queries import Question
from workspaces.admin.timeline.sentences import tell
from workspaces.core.containers.lifecycle import ContainerState
from workspaces.core.containers.sweep_plan import Held, Unknown
from workspaces.engines.fake import FakeEngine
from workspaces.models import Container, Status, Workspace
from workspaces.services.containers.container_results import WORKER
from workspaces.services.sweep.strays import note_destroyed, note_stopped
from workspaces.services.sweep.sweeping import mend, survey
from workspaces.worker.controller import Controller


def sentences() -> list[str]:
    """The sentences about the minutes since the newest event before was written."""
    told: list[str] = []
    for minute in sorted({each.replace(second=0, microsecond=0) for each in _moments()}):
        facts = event_queries.facts(Question(organizations=None), minute)
        told += ["".join(part.text for part in words) for words in tell(facts, names={})]
    return told


def _moments() -> list:
    return list(StructureEvent.objects.values_list("created_at", flat=True))


def test_a_lost_container_is_told_as_the_worker_s_and_not_as_created_by_hand(
    merge: Merge, controller: Controller, engine: FakeEngine
) -> None:
    merge(BEFORE)
    settle(controller)
    Container.objects.update(changed_at=timezone.now() - timedelta(minutes=1))
    for name in ("PM", "Dev Lead"):
        del engine.host.containers[f"ws-{key_of(name)}"]
    mend(survey(engine))
    assert Workspace.objects.get(name="PM").status == Status.PROVISIONING
    text = " ".join(sentences())
    assert re.search(r"worker starts a container each for (PM and Dev Lead|Dev Lead and PM) in acme, because its", text)
    assert "by hand" not in text


def test_a_container_that_nobody_knows_is_told_as_no_workspace(db: None) -> None:
    unknown = [Unknown(id=uuid4(), why="no workspace has this id", held=Held(state=ContainerState.RUNNING))]
    note_stopped(unknown, actor=WORKER)
    note_destroyed(unknown, actor=Actor(name="alice"))
    text = " ".join(sentences())
    assert "1 unknown container stopped" in text
    assert "1 unknown container removed" in text
    assert "by hand" not in text
