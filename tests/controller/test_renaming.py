"""Containers that somebody renamed, or made a second time: one workspace, one container."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import StructureEvent
from tests.controller.conftest import Merge, events, key_of, settle
from workspaces.access import Actor
from workspaces.engines.fake import FakeEngine
from workspaces.models import Container, Status, Workspace
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.sweep.sweeping import mend, survey
from workspaces.worker.controller import Controller


@pytest.fixture
def running(merge: Merge, controller: Controller) -> None:
    merge({"PM": {}})
    settle(controller)
    Container.objects.update(changed_at=timezone.now() - timedelta(minutes=1))


def rename(engine: FakeEngine) -> None:
    engine.host.containers["under-test"] = engine.host.containers.pop(f"ws-{key_of('PM')}")


def test_a_renamed_one_is_not_taken_for_lost(running: None, engine: FakeEngine) -> None:
    rename(engine)
    assert survey(engine).clean


def test_a_removal_takes_a_renamed_one_with_its_volumes(
    running: None, engine: FakeEngine, controller: Controller, actor: Actor
) -> None:
    rename(engine)
    cascade_delete([key_of("PM")], actor=actor)
    settle(controller)
    assert (engine.host.containers, engine.host.volumes) == ({}, {})
    assert events("released") == ["PM"]


def test_a_second_one_is_found_told_and_removed(running: None, engine: FakeEngine, controller: Controller) -> None:
    first = engine.host.containers[f"ws-{key_of('PM')}"]
    engine.host.containers["a-second"] = replace(first, id="second")
    assert [each.why for each in survey(engine).phantoms] == ["it has more than one container"]
    mend(survey(engine))
    settle(controller)
    assert engine.host.containers == {f"ws-{key_of('PM')}": first}
    assert Workspace.objects.get().status == Status.ONLINE
    told = StructureEvent.objects.filter(event_type="workspace.restarted").latest("id")
    assert told.payload["why"] == "it has more than one container"


def test_a_removal_takes_both(running: None, engine: FakeEngine, controller: Controller, actor: Actor) -> None:
    engine.host.containers["a-second"] = replace(engine.host.containers[f"ws-{key_of('PM')}"], id="second")
    cascade_delete([key_of("PM")], actor=actor)
    settle(controller)
    assert (engine.host.containers, engine.host.volumes) == ({}, {})
