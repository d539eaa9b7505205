"""Files that reach a running container: on the engines that can write into its config volume."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from tests.engines.rigs import DockerRig, FakeRig, packed, wait_for_state, wanted
from workspaces.engines.base import ContainerState, DeliveringEngine, Delivery, Engine
from workspaces.errors import EngineRefused

Rig = FakeRig | DockerRig


@pytest.fixture
def rig(renaming: Rig) -> Rig:
    return renaming


def delivering(engine: Engine) -> DeliveringEngine:
    assert isinstance(engine, DeliveringEngine)
    return engine


def started(engine: Engine) -> UUID:
    one = wanted()
    engine.start(one)
    wait_for_state(engine, one.workspace_id, ContainerState.RUNNING)
    return one.workspace_id


def delivery(workspace_id: UUID) -> Delivery:
    files = {"CLAUDE.md": "be brief", "deep/er/new.txt": "new"}
    return Delivery(workspace_id=workspace_id, config=packed(files), configuration=2)


@pytest.mark.parametrize("seen", [True, False])
def test_the_newest_files_are_there_and_the_process_goes_on(rig: Rig, seen: bool) -> None:
    engine = delivering(rig.engine())
    workspace_id = started(engine)
    before = rig.identity(workspace_id)
    engine.deliver(delivery(workspace_id), found=engine.containers()[workspace_id] if seen else None)
    assert rig.read(workspace_id, "/config/CLAUDE.md") == "be brief"
    assert rig.read(workspace_id, "/config/deep/er/new.txt") == "new"
    assert rig.identity(workspace_id) == before


def test_other_files_stay(rig: Rig) -> None:
    engine = delivering(rig.engine())
    workspace_id = started(engine)
    rig.write(workspace_id, "/data/kept.txt", "kept")
    engine.deliver(delivery(workspace_id))
    assert rig.read(workspace_id, "/config/sub/hello.txt") == "hello"
    assert rig.read(workspace_id, "/data/kept.txt") == "kept"


def test_a_start_delivers_to_one_that_runs_already(rig: Rig) -> None:
    engine = rig.engine()
    workspace_id = started(engine)
    before = rig.identity(workspace_id)
    engine.start(wanted(workspace_id, config=packed({"CLAUDE.md": "be brief"})))
    assert rig.read(workspace_id, "/config/CLAUDE.md") == "be brief"
    assert rig.identity(workspace_id) == before


def test_one_without_a_container_gets_none(rig: Rig) -> None:
    with pytest.raises(EngineRefused, match="no container"):
        delivering(rig.engine()).deliver(delivery(uuid4()))


def test_the_container_of_another_installation_gets_nothing(rig: Rig) -> None:
    workspace_id = started(rig.engine("theirs"))
    with pytest.raises(EngineRefused, match="belongs to the installation 'theirs'"):
        delivering(rig.engine()).deliver(delivery(workspace_id))
    assert rig.read(workspace_id, "/config/CLAUDE.md") == "be polite"
