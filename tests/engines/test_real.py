"""What holds in the containers that a Docker Engine and a swarm make, as seen from inside and by `docker inspect`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

from tests.engines.rigs import RealRig, packed, wait_for, wait_for_state, wanted
from tests.machines import root_of_an_image
from workspaces.engines.base import ContainerLimits, ContainerState, Engine
from workspaces.engines.naming import volume_names


def started(engine: Engine, **changes) -> UUID:
    one = wanted(**changes)
    engine.start(one)
    wait_for_state(engine, one.workspace_id, ContainerState.RUNNING)
    return one.workspace_id


def test_limits_are_those_that_were_asked_for(real: RealRig) -> None:
    workspace_id = started(real.engine(), limits=ContainerLimits(memory=48 * 1024**2, cpus=0.25))
    made = real.inspect(workspace_id)["HostConfig"]
    assert (made["Memory"], made["NanoCpus"]) == (48 * 1024**2, 250_000_000)


def test_without_limits_there_are_none(real: RealRig) -> None:
    made = real.inspect(started(real.engine(), limits=ContainerLimits()))["HostConfig"]
    assert (made["Memory"], made["NanoCpus"]) == (0, 0)


def test_a_container_has_no_capabilities(real: RealRig) -> None:
    workspace_id = started(real.engine())
    assert real.inspect(workspace_id)["HostConfig"]["Privileged"] is False
    assert "CapEff:\t0000000000000000" in real.run(workspace_id, "cat", "/proc/self/status")


def test_capabilities_are_given_back_one_by_one(real: RealRig) -> None:
    workspace_id = started(real.engine(capabilities=("CHOWN", "NET_BIND_SERVICE")))
    assert "CapEff:\t0000000000000401" in real.run(workspace_id, "cat", "/proc/self/status")


def test_signals_and_orphans_are_an_inits_business_unless_it_is_turned_off(real: RealRig) -> None:
    init = real.run(started(real.engine()), "cat", "/proc/1/cmdline")
    none = real.run(started(real.engine(init=False)), "cat", "/proc/1/cmdline")
    assert (init.split("\0")[0], none.split("\0")[0]) == ("/sbin/docker-init", "/bin/sh")


def test_who_is_asked_to_stop_may_end_what_it_is_doing(real: RealRig) -> None:
    engine = real.engine()
    workspace_id = started(engine)
    wait_for(lambda: real.read(workspace_id, "/data/log") == "started\n")
    engine.request_stop(workspace_id)
    wait_for_state(engine, workspace_id, ContainerState.STOPPED)
    started(engine, workspace_id=workspace_id)
    wait_for(lambda: real.read(workspace_id, "/data/log") == "started\nended\nstarted\n")


def test_a_replaced_one_has_the_new_files(real: RealRig) -> None:
    engine = real.engine()
    workspace_id = started(engine)
    engine.request_stop(workspace_id)
    wait_for_state(engine, workspace_id, ContainerState.STOPPED)
    started(engine, workspace_id=workspace_id, config=packed({"CLAUDE.md": "be brief"}))
    assert real.read(workspace_id, "/config/CLAUDE.md") == "be brief"


@contextmanager
def serving(rig: RealRig, tmp_path: Path) -> Iterator[None]:
    """A registry with one image on each machine."""
    (tmp_path / "root.tar").write_bytes(root_of_an_image())
    command = (sys.executable, "-m", "tests.engines.registry", "5000", str(tmp_path / "root.tar"))
    serving = [machine.spawn(*command) for machine in rig.machines]
    try:
        for machine in rig.machines:
            machine.wait_for_port(5000)
        yield
    finally:
        for process in serving:
            process.kill()
            process.wait()


def test_a_restart_pulls_the_image_before_it_stops_the_older_container(real: RealRig, tmp_path: Path) -> None:
    image = f"127.0.0.1:5000/team/{uuid4().hex}:1"
    engine = real.engine()
    workspace_id = started(engine)
    real.write(workspace_id, "/data/kept.txt", "kept")
    since = int(time.time()) - 1
    with serving(real, tmp_path):
        engine.start(wanted(workspace_id, generation=2, image=image))
        wait_for(lambda: engine.containers()[workspace_id].fits(2))
        wait_for_state(engine, workspace_id, ContainerState.RUNNING)
    wait_for(lambda: real.inspect(workspace_id)["Config"]["Image"] == image)
    happened = real.happened(workspace_id, image, since=since)
    before, then = happened[: happened.index("pull")], happened[happened.index("pull") :]
    assert "die" not in before
    assert then.index("kill") < then.index("die") < then.index("start")
    assert real.read(workspace_id, "/data/kept.txt") == "kept"


def test_one_that_cannot_stay_up_says_how_it_ended(real: RealRig) -> None:
    engine, one = real.engine(), wanted(image="orgsite-failing:1")
    engine.start(one)
    wait_for(lambda: "3" in engine.containers()[one.workspace_id].detail)
    assert engine.containers()[one.workspace_id].state is ContainerState.STARTING


def test_volumes_that_an_image_brings_along_go_with_the_container(real: RealRig) -> None:
    engine = real.engine()
    workspace_id = started(engine, image="orgsite-cached:1")
    assert len(real.volume_labels()) == 3
    engine.remove(workspace_id, keep_volumes=False)
    assert not real.volume_labels()


def test_volumes_can_be_where_a_driver_puts_them(real: RealRig, tmp_path: Path) -> None:
    one = wanted()
    for name in volume_names(one.workspace_id).values():
        (tmp_path / name).mkdir()
    engine = real.engine(volume_options={"type": "none", "o": "bind", "device": f"{tmp_path}/{{volume}}"})
    engine.start(one)
    wait_for_state(engine, one.workspace_id, ContainerState.RUNNING)
    real.write(one.workspace_id, "/data/note.txt", "here")
    assert (tmp_path / f"ws-{one.workspace_id}-data" / "note.txt").read_text() == "here"
