"""What only a swarm does: two nodes, volumes on each, files as configs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from docker import APIClient

from tests.engines.rigs import SwarmRig, packed, wait_for, wait_for_state, wanted
from tests.machines import Machine
from workspaces.engines.base import ContainerState, Engine, Wanted
from workspaces.engines.docker.swarm_engine import SwarmEngine
from workspaces.engines.docker.swarm_services import task_template
from workspaces.engines.naming import labels_of
from workspaces.engines.options import Options
from workspaces.errors import EngineAway, EngineRefused

pytestmark = pytest.mark.xdist_group("swarm")


@pytest.fixture
def rig(swarm: tuple[Machine, Machine]):
    rig = SwarmRig(swarm)
    yield rig
    rig.close()


@pytest.fixture
def engine(rig: SwarmRig) -> Engine:
    return rig.engine()


def started(engine: Engine, **changes) -> UUID:
    one = wanted(**changes)
    engine.start(one)
    wait_for_state(engine, one.workspace_id, ContainerState.RUNNING)
    return one.workspace_id


def started_on(machine: Machine, engine: Engine, **changes) -> UUID:
    """Its data is there already, so that is where it goes."""
    one = wanted(uuid4(), **changes)
    with machine.api() as api:
        api.create_volume(f"ws-{one.workspace_id}-data", labels=labels_of(one, installation="default"))
    return started(engine, workspace_id=one.workspace_id, **changes)


@contextmanager
def drained(rig: SwarmRig, hostname: str) -> Iterator[None]:
    """A node that takes no containers."""
    with rig.machines[0].api() as api:
        set_availability(api, hostname, "drain")
        try:
            yield
        finally:
            set_availability(api, hostname, "active")


def set_availability(api: APIClient, hostname: str, availability: str) -> None:
    node = next(node for node in api.nodes() if node["Description"]["Hostname"] == hostname)
    api.update_node(node["ID"], node["Version"]["Index"], node["Spec"] | {"Availability": availability})


def volumes_on(machine: Machine) -> set[str]:
    with machine.api() as api:
        return {volume["Name"] for volume in api.volumes()["Volumes"] or ()}


def test_a_workspace_goes_where_its_data_is_and_comes_back_there(rig: SwarmRig, engine: Engine) -> None:
    for machine in rig.machines:
        workspace_id = started_on(machine, engine)
        assert engine.containers()[workspace_id].node == machine.hostname
        engine.request_stop(workspace_id)
        wait_for_state(engine, workspace_id, ContainerState.STOPPED)
        started(engine, workspace_id=workspace_id)
        assert engine.containers()[workspace_id].node == machine.hostname


def test_it_is_free_to_move_once_it_runs(rig: SwarmRig, engine: Engine) -> None:
    workspace_id = started_on(rig.machines[1], engine)
    with rig.machines[0].api() as api:
        template = api.inspect_service(f"ws-{workspace_id}")["Spec"]["TaskTemplate"]
        attempts = api.tasks(filters={"service": f"ws-{workspace_id}"})
    assert not template["Placement"].get("Constraints")
    assert len(attempts) == 1  # nothing was started anew for it


def test_a_workspace_moves_when_its_node_goes_down(rig: SwarmRig, engine: Engine) -> None:
    one, two = rig.machines
    workspace_id = started_on(two, engine)
    names = {f"ws-{workspace_id}-data", f"ws-{workspace_id}-config"}
    two.stop()
    try:
        wait_for(lambda: engine.containers()[workspace_id].node == "one", seconds=40)
        wait_for_state(engine, workspace_id, ContainerState.RUNNING)
        assert rig.engine(nodes={"one": one.address}).volumes() == {workspace_id: tuple(sorted(names))}
        with pytest.raises(EngineAway, match=rf"node two does not answer: .* What workspace {workspace_id} has there"):
            engine.remove(workspace_id, keep_volumes=False)
        assert not volumes_on(one)
    finally:
        two.start()
        two.wait()
    assert volumes_on(two) == names
    engine.remove(workspace_id, keep_volumes=False)
    assert not volumes_on(two)


def test_a_workspace_goes_elsewhere_when_the_node_with_its_data_takes_none(rig: SwarmRig, engine: Engine) -> None:
    with drained(rig, "two"):
        workspace_id = started_on(rig.machines[1], engine)
        assert engine.containers()[workspace_id].node == "one"


# ---- where the database says that the data is


def make_data_on(machine: Machine, one: Wanted) -> None:
    with machine.api() as api:
        api.create_volume(f"ws-{one.workspace_id}-data", labels=labels_of(one, installation="default"))


def node_of(engine: Engine, one: Wanted) -> str:
    wait_for_state(engine, one.workspace_id, ContainerState.RUNNING)
    return engine.containers()[one.workspace_id].node


def test_a_new_service_goes_to_the_named_node_also_where_another_has_younger_volumes(
    rig: SwarmRig, engine: Engine
) -> None:
    for named, other in (rig.machines, rig.machines[::-1]):
        one = wanted(node=named.hostname)
        make_data_on(named, one)
        time.sleep(1.1)  # an engine tells seconds
        make_data_on(other, one)
        engine.start(one)
        assert node_of(engine, one) == named.hostname


def test_a_new_service_waits_for_the_named_node_and_then_finds_its_data(rig: SwarmRig, engine: Engine) -> None:
    one = wanted(node="two")
    make_data_on(rig.machines[1], one)
    with drained(rig, "two"):
        engine.start(one)
        engine.start(one)  # as a worker does, later
        found = engine.containers()[one.workspace_id]
        assert (found.state, "no suitable node" in found.detail) == (ContainerState.STARTING, True)
        assert not volumes_on(rig.machines[0])
    assert node_of(engine, one) == "two"


def test_a_named_node_without_the_data_or_out_of_the_swarm_is_not_waited_for(rig: SwarmRig, engine: Engine) -> None:
    with drained(rig, "two"):
        for name in ("two", "left-long-ago"):
            one = wanted(node=name)
            engine.start(one)
            assert node_of(engine, one) == "one"


def test_every_node_is_told_with_whether_it_takes_containers(rig: SwarmRig, engine: Engine) -> None:
    assert engine.nodes() == {"one": True, "two": True}
    with drained(rig, "two"):
        assert engine.nodes() == {"one": True, "two": False}


def test_volumes_on_a_node_without_an_address_are_never_called_gone(rig: SwarmRig, engine: Engine) -> None:
    workspace_id = started_on(rig.machines[1], engine)
    blind = rig.engine(nodes={"one": rig.machines[0].address})
    blind.remove(workspace_id, keep_volumes=True, node="two")
    with pytest.raises(EngineRefused, match="Its volumes are on node two"):
        blind.remove(workspace_id, keep_volumes=False, node="two")
    engine.remove(workspace_id, keep_volumes=False, node="two")
    assert not volumes_on(rig.machines[1])


def test_removing_while_a_node_is_just_making_the_container_leaves_nothing(rig: SwarmRig, engine: Engine) -> None:
    for delay in (0.05, 0.1, 0.13, 0.15, 0.17, 0.2):
        one, options = wanted(), Options(network="host")
        labels = labels_of(one, installation="default")
        template = task_template(one, labels=labels, configs=[], generation=1, node_id="", options=options)
        with rig.machines[0].api() as api:
            api.create_service(template, name=f"ws-{one.workspace_id}", labels=labels)
        time.sleep(delay)
        engine.remove(one.workspace_id, keep_volumes=False)
    time.sleep(1)
    assert (rig.container_names(), rig.volume_labels()) == (set(), {})


def test_volumes_are_listed_from_every_node(rig: SwarmRig, engine: Engine) -> None:
    there, here = (started_on(machine, engine) for machine in rig.machines)
    assert set(engine.volumes()) == {there, here}
    manager_only = rig.engine(nodes={})
    assert set(manager_only.volumes()) == {there}


def test_a_volume_of_somebody_else_on_any_node_is_not_used(rig: SwarmRig, engine: Engine) -> None:
    one = wanted()
    with rig.machines[1].api() as api:
        api.create_volume(f"ws-{one.workspace_id}-data")
    with pytest.raises(EngineRefused, match=f"The volume ws-{one.workspace_id}-data"):
        engine.start(one)
    assert not rig.container_names()


def test_files_are_configs_that_change_with_them_and_go_with_the_service(rig: SwarmRig, engine: Engine) -> None:
    workspace_id = started(engine)
    first = rig.configs()
    assert {name.rsplit("-", 1)[0] for name in first} == {f"ws-{workspace_id}"}
    engine.request_stop(workspace_id)
    wait_for_state(engine, workspace_id, ContainerState.STOPPED)
    started(engine, workspace_id=workspace_id, config=packed({"CLAUDE.md": "be brief", "sub/hello.txt": "hello"}))
    assert (len(first), len(rig.configs()), len(first & rig.configs())) == (2, 2, 1)
    engine.remove(workspace_id, keep_volumes=True)
    assert not rig.configs()


def test_a_file_that_no_config_can_hold_is_refused_by_name(rig: SwarmRig, engine: Engine) -> None:
    with pytest.raises(EngineRefused, match=r"The file large\.bin has 512,001 bytes; .* at most 512,000"):
        engine.start(wanted(config=packed({"large.bin": "x" * 512_001})))
    engine.start(wanted(config=packed({"large.bin": "x" * 512_000})))


def test_a_file_outside_of_the_volume_is_refused(engine: Engine) -> None:
    with pytest.raises(EngineRefused, match=r"The file \.\./etc/passwd would be outside"):
        engine.start(wanted(config=packed({"../etc/passwd": "root"})))


def test_one_that_is_ending_is_started_again(rig: SwarmRig, engine: Engine) -> None:
    workspace_id = started(engine)
    before = rig.identity(workspace_id)
    engine.request_stop(workspace_id)
    engine.start(wanted(workspace_id))
    wait_for(
        lambda: (
            engine.containers()[workspace_id].state is ContainerState.RUNNING and rig.identity(workspace_id) != before
        )
    )


def test_what_a_workspace_had_before_there_was_a_swarm_goes_too(rig: SwarmRig, engine: Engine) -> None:
    one = wanted()
    with rig.machines[0].api() as api:
        config = api.create_host_config(network_mode="none")
        labels = labels_of(one, installation="default")
        api.create_container("orgsite-polite:1", name=f"ws-{one.workspace_id}", labels=labels, host_config=config)
    engine.remove(one.workspace_id, keep_volumes=False)
    assert not rig.container_names()


def test_services_take_no_network_none(rig: SwarmRig) -> None:
    with pytest.raises(EngineRefused, match="network none not found"):
        rig.engine(network="none").start(wanted())


def test_a_swarm_says_how_it_is_and_what_is_out_of_reach(rig: SwarmRig) -> None:
    assert rig.engine().check().endswith("swarm, 2 of 2 nodes ready")
    assert rig.engine(nodes={}).check().endswith("; no address of one, two in ORGSITE_SWARM_NODES")


def test_only_a_manager_can_be_asked(rig: SwarmRig) -> None:
    worker = SwarmEngine(Options(address=rig.machines[1].address))
    with pytest.raises(EngineRefused, match="not a swarm manager"):
        worker.containers()
    worker.close()


# ---- renamed


def rename_on(machine: Machine, workspace_id: UUID) -> None:
    """The container of its task, by hand, on its node."""
    with machine.api() as api:
        (there,) = api.containers(filters={"label": [f"orgsite.workspace={workspace_id}"]})
        api.rename(there["Id"], "under-test")


def names_on(machine: Machine) -> set[str]:
    with machine.api() as api:
        return {name.lstrip("/") for each in api.containers(all=True) for name in each["Names"]}


@pytest.mark.parametrize("number", [0, 1])
def test_a_renamed_container_of_a_task_is_removed_with_the_rest(rig: SwarmRig, engine: Engine, number: int) -> None:
    workspace_id = started_on(rig.machines[number], engine)
    rename_on(rig.machines[number], workspace_id)
    engine.remove(workspace_id, keep_volumes=False)
    assert (rig.container_names(), rig.volume_labels()) == (set(), {})


def test_a_renamed_container_of_a_task_does_not_run_on_beside_the_next(rig: SwarmRig, engine: Engine) -> None:
    workspace_id = started_on(rig.machines[1], engine)
    rename_on(rig.machines[1], workspace_id)
    engine.start(wanted(workspace_id, generation=2))
    wait_for(lambda: engine.containers()[workspace_id].fits(2))
    wait_for_state(engine, workspace_id, ContainerState.RUNNING)
    assert "under-test" not in names_on(rig.machines[1])
