"""What only a single Docker Engine does."""

from __future__ import annotations

import io
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.engines.rigs import DockerRig, wait_for, wait_for_state, wanted
from tests.machines import Machine
from workspaces.engines.base import ContainerState, Engine
from workspaces.engines.docker.docker_engine import DockerEngine
from workspaces.engines.options import Options
from workspaces.errors import EngineAway, EngineRefused

pytestmark = pytest.mark.xdist_group("docker")

PECULIAR = """
FROM orgsite-polite:1
STOPSIGNAL SIGUSR1
CMD ["/bin/sh", "-c", "trap '' TERM; trap 'exit 0' USR1; while :; do sleep 60 & wait $!; done"]
"""


@pytest.fixture
def rig(docker: Machine):
    rig = DockerRig((docker,))
    yield rig
    rig.close()


@pytest.fixture
def engine(rig: DockerRig) -> Engine:
    return rig.engine()


def started(engine: Engine, **changes) -> UUID:
    one = wanted(**changes)
    engine.start(one)
    return one.workspace_id


def test_nothing_in_a_container_can_gain_privileges(rig: DockerRig, engine: Engine) -> None:
    workspace_id = started(engine)
    assert "NoNewPrivs:\t1" in rig.run(workspace_id, "cat", "/proc/self/status")


def test_without_a_network_there_is_only_the_loopback(rig: DockerRig) -> None:
    workspace_id = started(rig.engine(network="none"))
    devices = rig.run(workspace_id, "cat", "/proc/net/dev").splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]


def test_a_network_is_taken_by_its_name(rig: DockerRig) -> None:
    assert rig.inspect(started(rig.engine(network="host")))["HostConfig"]["NetworkMode"] == "host"
    assert rig.inspect(started(rig.engine(network="")))["HostConfig"]["NetworkMode"] == "default"


def test_a_network_that_is_not_there_is_refused_in_the_engines_words(rig: DockerRig) -> None:
    engine, one = rig.engine(network="absent"), wanted()
    with pytest.raises(EngineRefused, match="network absent not found"):
        engine.start(one)
    assert engine.containers()[one.workspace_id].state is ContainerState.STOPPED
    engine.remove(one.workspace_id, keep_volumes=False)
    assert (rig.container_names(), rig.volume_labels()) == (set(), {})


def test_the_restart_policy_is_the_chosen_one(rig: DockerRig) -> None:
    policy = rig.inspect(started(rig.engine(restart="on-failure:3")))["HostConfig"]["RestartPolicy"]
    assert policy == {"Name": "on-failure", "MaximumRetryCount": 3}


def test_an_image_is_asked_to_stop_by_its_own_signal(rig: DockerRig, docker: Machine, engine: Engine) -> None:
    with docker.api() as api:
        list(api.build(fileobj=io.BytesIO(PECULIAR.encode()), tag="orgsite-peculiar:1", rm=True))
    workspace_id = started(engine, image="orgsite-peculiar:1")
    engine.request_stop(workspace_id)
    wait_for_state(engine, workspace_id, ContainerState.STOPPED)
    time.sleep(0.5)  # the restart policy would have brought it back
    assert engine.containers()[workspace_id].state is ContainerState.STOPPED


def test_one_that_fails_again_and_again_is_asked_to_stop_too(engine: Engine) -> None:
    workspace_id = started(engine, image="orgsite-failing:1")
    wait_for(lambda: engine.containers()[workspace_id].detail == "Restarting (3)")
    engine.request_stop(workspace_id)
    wait_for_state(engine, workspace_id, ContainerState.STOPPED)


def test_the_detail_of_one_that_ended_is_always_the_same(engine: Engine) -> None:
    workspace_id = started(engine)
    engine.request_stop(workspace_id)
    wait_for_state(engine, workspace_id, ContainerState.STOPPED)
    assert engine.containers()[workspace_id].detail == "Exited (0)"


def test_one_that_somebody_paused_is_left_alone(rig: DockerRig, docker: Machine, engine: Engine) -> None:
    workspace_id = started(engine)
    before = rig.identity(workspace_id)
    with docker.api() as api:
        api.pause(f"ws-{workspace_id}")
    assert engine.containers()[workspace_id].state is ContainerState.RUNNING
    engine.start(wanted(workspace_id))
    with docker.api() as api:
        api.unpause(f"ws-{workspace_id}")
    assert rig.identity(workspace_id) == before


@pytest.mark.parametrize("seen", [True, False])
def test_one_that_somebody_paused_is_removed_all_the_same(
    rig: DockerRig, docker: Machine, engine: Engine, seen: bool
) -> None:
    workspace_id = started(engine)
    with docker.api() as api:
        api.pause(f"ws-{workspace_id}")
    engine.request_stop(workspace_id)
    engine.remove(workspace_id, keep_volumes=False, found=engine.containers()[workspace_id] if seen else None)
    assert (rig.container_names(), rig.volume_labels()) == (set(), {})


def test_one_that_somebody_paused_is_replaced_by_its_next_generation(
    rig: DockerRig, docker: Machine, engine: Engine
) -> None:
    workspace_id = started(engine)
    with docker.api() as api:
        api.pause(f"ws-{workspace_id}")
    engine.start(wanted(workspace_id, generation=2))
    assert engine.containers()[workspace_id].fits(2)
    assert rig.container_names() == {f"ws-{workspace_id}"}


def test_a_renamed_one_that_was_never_started_is_replaced(rig: DockerRig, engine: Engine) -> None:
    with pytest.raises(EngineRefused):
        rig.engine(network="absent").start(one := wanted())
    rig.rename(f"ws-{one.workspace_id}", "never-started")
    assert engine.containers()[one.workspace_id].state is ContainerState.STOPPED
    engine.start(one)
    assert rig.container_names() == {f"ws-{one.workspace_id}"}


def test_volumes_that_a_strangers_container_uses_stay_and_the_engine_says_so(rig: DockerRig, engine: Engine) -> None:
    workspace_id = started(engine)
    rig.copy(workspace_id, name="by-hand", mounts=True, labels=False)
    with pytest.raises(EngineRefused, match="volume is in use"):
        engine.remove(workspace_id, keep_volumes=False)
    assert rig.container_names() == {"by-hand"}
    assert len(rig.volume_labels()) == 2


def test_an_earlier_generation_gets_its_grace(rig: DockerRig, engine: Engine) -> None:
    workspace_id = started(engine)
    engine.start(wanted(workspace_id, generation=2))
    assert rig.read(workspace_id, "/data/log").splitlines() == ["started", "ended", "started"]


def test_many_threads_share_one_engine(rig: DockerRig, engine: Engine) -> None:
    def live(workspace_id: UUID) -> None:
        engine.start(wanted(workspace_id))
        engine.request_stop(workspace_id)
        engine.remove(workspace_id, keep_volumes=False)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(live, [uuid4() for _ in range(16)]))
    assert (rig.container_names(), rig.volume_labels()) == (set(), {})


def test_who_took_the_place_of_the_one_that_was_found_is_not_lost(rig: DockerRig, engine: Engine) -> None:
    one = wanted()
    engine.start(one)
    found = engine.containers()[one.workspace_id]
    engine.remove(one.workspace_id, keep_volumes=True)
    engine.start(one)
    with pytest.raises(EngineRefused, match="in use"):
        engine.remove(one.workspace_id, keep_volumes=False, found=found)
    assert engine.containers()[one.workspace_id].state is ContainerState.RUNNING


def test_two_may_remove_the_same_at_once(rig: DockerRig, engine: Engine) -> None:
    for _ in range(5):
        workspace_id = started(engine)
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda each: engine.remove(each, keep_volumes=False), [workspace_id] * 4))
        assert (rig.container_names(), rig.volume_labels()) == (set(), {})


def test_an_engine_that_never_answers_is_away(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "sock"))
        silent.listen()
        engine = DockerEngine(Options(address=f"unix://{tmp_path}/sock", timeout=1))
        with pytest.raises(EngineAway, match="does not answer: timed out"):
            engine.containers()


def test_an_engine_that_was_away_is_found_again(rig: DockerRig, docker: Machine, engine: Engine) -> None:
    assert engine.containers() == {}
    docker.stop()
    try:
        with pytest.raises(EngineAway, match="No such file or directory"):
            engine.containers()
    finally:
        docker.start()
        docker.wait()
    assert engine.containers() == {}
