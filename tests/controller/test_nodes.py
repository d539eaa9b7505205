"""The machine with a workspace's volumes, of an engine with several: noted while it runs, wished for afterwards."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.controller.conftest import Merge, key_of, settle
from tests.controller.rounds import one_round
from workspaces.access import Actor
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.engines.fake import FakeEngine
from workspaces.models import Container, Installation
from workspaces.services.containers.desired_state import note_nodes
from workspaces.services.containers.provisioning import prepare
from workspaces.services.removal.cascading import cascade_delete
from workspaces.worker.controller import Controller


@pytest.fixture
def pm(merge: Merge, controller: Controller, engine: FakeEngine, settings: Any) -> UUID:
    settings.ORGSITE_DATA_GRACE = 60
    engine.knobs.nodes = ("one", "two")
    merge({"PM": {}})
    settle(controller)
    return key_of("PM")


def node() -> str:
    return Container.objects.get().node


def test_where_a_container_runs_is_noted_and_stays_after_its_removal(
    pm: UUID, actor: Actor, controller: Controller
) -> None:
    assert node() == "one"
    cascade_delete([pm], actor=actor)
    settle(controller)
    assert node() == "one"


def test_no_machine_has_what_was_destroyed(pm: UUID, actor: Actor, controller: Controller) -> None:
    cascade_delete([pm], actor=actor, data=DataPolicy.ERASE)
    settle(controller)
    assert node() == ""


def test_what_the_engine_moved_by_itself_is_noted_at_the_next_look(
    pm: UUID, controller: Controller, engine: FakeEngine
) -> None:
    engine.host.containers[f"ws-{pm}"].node = "two"
    look(controller)
    assert node() == "two"


def test_a_container_that_does_not_run_moves_nothing(pm: UUID, controller: Controller, engine: FakeEngine) -> None:
    engine.host.containers[f"ws-{pm}"].node = "two"
    engine.host.containers[f"ws-{pm}"].running = False
    look(controller)
    assert node() == "one"


def test_the_machines_are_those_of_the_last_look(pm: UUID, controller: Controller, engine: FakeEngine) -> None:
    assert Installation.objects.get().nodes == {"one": True, "two": True}
    engine.knobs.nodes, engine.knobs.down = ("two",), ("three",)
    look(controller)
    assert Installation.objects.get().nodes == {"two": True, "three": False}


def test_the_next_start_wishes_for_that_machine(pm: UUID) -> None:
    note_nodes({pm: "two"})
    assert prepare([pm]).wanted[pm].node == "two"


def look(controller: Controller) -> None:
    (loop,) = (loop for loop in controller.loops if loop.name == "sweep")
    loop.wake.set()
    one_round(controller)
