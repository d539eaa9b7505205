"""What every engine does, whichever it is: `workspaces/engines/base.py` as tests."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest

from tests.engines.rigs import Rig, wait_for, wait_for_state, wanted
from workspaces.engines.base import ContainerState, Engine
from workspaces.engines.naming import volume_names
from workspaces.errors import EngineAway, EngineRefused


def labels_of(workspace_id, installation: str = "default") -> dict[str, str]:
    return {
        "orgsite.installation": installation,
        "orgsite.organization": "acme",
        "orgsite.workspace": str(workspace_id),
        "orgsite.name": "Dev Lead ›",
    }


def container_labels_of(workspace_id, generation: int = 1) -> dict[str, str]:
    return labels_of(workspace_id) | {"orgsite.generation": str(generation)}


def started(engine: Engine, **changes):
    """The id of a workspace that runs."""
    one = wanted(**changes)
    engine.start(one)
    wait_for_state(engine, one.workspace_id, ContainerState.RUNNING)
    return one.workspace_id


# ---- start


def test_a_started_workspace_runs_with_its_labels(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine)
    assert engine.containers()[workspace_id].state is ContainerState.RUNNING
    assert engine.containers()[workspace_id].detail == ""
    assert rig.labels(workspace_id) == container_labels_of(workspace_id)


def test_its_labels_are_told_with_all_containers(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine, epoch="7:abc")
    found = engine.containers()[workspace_id]
    assert (found.name, found.organization, found.epoch) == ("Dev Lead ›", "acme", "7:abc")
    assert rig.labels(workspace_id)["orgsite.epoch"] == "7:abc"


def test_one_that_was_made_before_there_was_an_epoch_tells_none(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine)
    assert engine.containers()[workspace_id].epoch == ""
    assert "orgsite.epoch" not in rig.labels(workspace_id)


def test_a_running_one_keeps_the_epoch_it_was_made_in(engine: Engine) -> None:
    workspace_id = started(engine, epoch="7:abc")
    engine.start(wanted(workspace_id, epoch="8:def"))
    assert engine.containers()[workspace_id].epoch == "7:abc"


def test_it_has_its_environment(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine)
    assert wanted().environment.items() <= rig.environment(workspace_id).items()


def test_it_finds_its_files_in_config(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine)
    assert rig.read(workspace_id, "/config/sub/hello.txt") == "hello"
    assert rig.read(workspace_id, "/config/CLAUDE.md") == "be polite"


def test_it_has_two_volumes_with_the_same_labels(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine)
    names = (f"ws-{workspace_id}-config", f"ws-{workspace_id}-data")
    assert engine.volumes() == {workspace_id: names}
    assert rig.volume_labels() == dict.fromkeys(names, labels_of(workspace_id))


def test_starting_twice_leaves_the_running_one_alone(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine)
    before = rig.identity(workspace_id)
    engine.start(wanted(workspace_id, environment={"ORGSITE_URL": "elsewhere"}))
    assert rig.identity(workspace_id) == before


def test_a_stopped_one_is_replaced_and_keeps_its_data(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine)
    rig.write(workspace_id, "/data/kept.txt", "kept")
    before = rig.identity(workspace_id)
    engine.request_stop(workspace_id)
    wait_for_state(engine, workspace_id, ContainerState.STOPPED)
    started(engine, workspace_id=workspace_id, environment={"ORGSITE_WORKSPACE_TOKEN": "new"})
    assert rig.identity(workspace_id) != before
    assert rig.environment(workspace_id)["ORGSITE_WORKSPACE_TOKEN"] == "new"
    assert rig.read(workspace_id, "/data/kept.txt") == "kept"


def test_a_running_one_of_an_earlier_generation_is_replaced_and_keeps_its_data(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine)
    rig.write(workspace_id, "/data/kept.txt", "kept")
    before = rig.identity(workspace_id)
    engine.start(wanted(workspace_id, generation=2, environment={"ORGSITE_WORKSPACE_TOKEN": "new"}))
    wait_for(lambda: engine.containers()[workspace_id].generation == 2)
    wait_for_state(engine, workspace_id, ContainerState.RUNNING)
    assert rig.identity(workspace_id) != before
    assert rig.environment(workspace_id)["ORGSITE_WORKSPACE_TOKEN"] == "new"
    assert rig.labels(workspace_id) == container_labels_of(workspace_id, 2)
    assert rig.read(workspace_id, "/data/kept.txt") == "kept"


def test_a_running_one_of_this_generation_stays(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine, generation=3)
    before = rig.identity(workspace_id)
    engine.start(wanted(workspace_id, generation=3))
    assert rig.identity(workspace_id) == before


def test_an_image_that_cannot_be_had_is_refused_by_name(engine: Engine) -> None:
    with pytest.raises(EngineRefused, match=r"127\.0\.0\.1:1/absent:1"):
        engine.start(wanted(image="127.0.0.1:1/absent:1"))


def test_while_the_next_image_cannot_be_had_the_earlier_generation_runs_on(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine)
    before = rig.identity(workspace_id)
    with pytest.raises(EngineRefused, match=r"127\.0\.0\.1:1/absent:1 cannot be pulled"):
        engine.start(wanted(workspace_id, generation=2, image="127.0.0.1:1/absent:1"))
    assert engine.containers()[workspace_id].state is ContainerState.RUNNING
    assert rig.identity(workspace_id) == before


def test_what_was_started_halfway_is_removed_all_the_same(rig: Rig, engine: Engine) -> None:
    one = wanted(image="127.0.0.1:1/absent:1")
    with pytest.raises(EngineRefused):
        engine.start(one)
    engine.remove(one.workspace_id, keep_volumes=False)
    assert not engine.containers()
    assert not rig.volume_labels()


# ---- stop


def test_a_polite_one_ends_by_itself_and_stays_ended(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine)
    engine.request_stop(workspace_id)
    wait_for_state(engine, workspace_id, ContainerState.STOPPED)
    time.sleep(0.5)
    assert engine.containers()[workspace_id].state is ContainerState.STOPPED


def test_asking_ten_stubborn_ones_to_stop_takes_no_time(rig: Rig) -> None:
    engine = rig.engine(grace=600)
    stubborn = [started(engine, image="orgsite-stubborn:1") for _ in range(10)]
    before = time.monotonic()
    for workspace_id in stubborn:
        engine.request_stop(workspace_id)
    assert time.monotonic() - before < 300  # half the grace of one
    assert engine.containers()[stubborn[-1]].state is ContainerState.RUNNING


def test_asking_again_or_in_vain_is_fine(engine: Engine) -> None:
    workspace_id = started(engine)
    engine.request_stop(workspace_id)
    engine.request_stop(workspace_id)
    wait_for_state(engine, workspace_id, ContainerState.STOPPED)
    engine.request_stop(workspace_id)
    engine.request_stop(uuid4())


def test_a_stubborn_one_is_ended_and_stays_with_its_volumes(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine, image="orgsite-stubborn:1")
    engine.request_stop(workspace_id)
    engine.kill(workspace_id)
    wait_for_state(engine, workspace_id, ContainerState.STOPPED)
    time.sleep(0.5)
    assert engine.containers()[workspace_id].state is ContainerState.STOPPED
    assert set(rig.volume_labels()) == set(volume_names(workspace_id).values())


def test_ending_what_is_not_there_or_has_ended_is_fine(engine: Engine) -> None:
    workspace_id = started(engine)
    engine.kill(workspace_id)
    engine.kill(workspace_id)
    engine.kill(uuid4())


# ---- remove


@pytest.mark.parametrize("image", ["orgsite-polite:1", "orgsite-stubborn:1"])
def test_a_running_one_is_removed_with_its_volumes(rig: Rig, engine: Engine, image: str) -> None:
    workspace_id = started(engine, image=image)
    engine.remove(workspace_id, keep_volumes=False)
    assert (engine.containers(), engine.volumes()) == ({}, {})
    assert (rig.container_names(), rig.volume_labels()) == (set(), {})


def test_a_stopped_one_is_removed_too(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine)
    engine.request_stop(workspace_id)
    wait_for_state(engine, workspace_id, ContainerState.STOPPED)
    engine.remove(workspace_id, keep_volumes=False)
    assert (rig.container_names(), rig.volume_labels()) == (set(), {})


def test_what_was_just_found_is_removed_as_it_was_found(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine)
    engine.remove(workspace_id, keep_volumes=False, found=engine.containers()[workspace_id])
    assert (rig.container_names(), rig.volume_labels()) == (set(), {})


def test_volumes_can_be_kept_and_removed_later(rig: Rig, engine: Engine) -> None:
    workspace_id = started(engine)
    engine.remove(workspace_id, keep_volumes=True)
    assert (engine.containers(), set(engine.volumes())) == ({}, {workspace_id})
    engine.remove(workspace_id, keep_volumes=False)
    assert not rig.volume_labels()


def test_what_is_not_there_is_removed_already(engine: Engine) -> None:
    workspace_id = started(engine)
    engine.remove(workspace_id, keep_volumes=False)
    engine.remove(workspace_id, keep_volumes=False)
    engine.remove(uuid4(), keep_volumes=True)


# ---- what is not ours


def test_containers_of_others_are_neither_seen_nor_touched(rig: Rig, engine: Engine) -> None:
    rig.add_container("somebodys", {"orgsite.installation": "default"})
    rig.add_container("a-copy", labels_of(uuid4()))
    theirs = started(rig.engine("theirs"))
    workspace_id = started(engine)
    assert set(engine.containers()) == set(engine.volumes()) == {workspace_id}
    engine.remove(workspace_id, keep_volumes=False)
    assert rig.container_names() == {"somebodys", "a-copy", f"ws-{theirs}"}
    assert set(rig.volume_labels()) == set(volume_names(theirs).values())


def test_a_workspace_of_another_installation_is_not_touched(rig: Rig, engine: Engine) -> None:
    theirs = started(rig.engine("theirs"))
    before = rig.identity(theirs)
    for touch in (
        lambda: engine.start(wanted(theirs)),
        lambda: engine.request_stop(theirs),
        lambda: engine.kill(theirs),
        lambda: engine.remove(theirs, keep_volumes=False),
    ):
        with pytest.raises(EngineRefused, match=r"belongs to the installation 'theirs'.*ORGSITE_INSTALLATION"):
            touch()
    assert rig.identity(theirs) == before


def test_a_container_that_only_has_our_name_is_not_touched(rig: Rig, engine: Engine) -> None:
    one = wanted()
    rig.add_container(f"ws-{one.workspace_id}", {})
    with pytest.raises(EngineRefused, match="was not made by an installation of this product"):
        engine.start(one)
    with pytest.raises(EngineRefused, match=f"ws-{one.workspace_id}"):
        engine.remove(one.workspace_id, keep_volumes=False)
    assert rig.container_names() == {f"ws-{one.workspace_id}"}
    assert not rig.volume_labels()


def test_a_volume_that_only_has_our_name_is_neither_used_nor_removed(rig: Rig, engine: Engine) -> None:
    one = wanted()
    rig.add_volume(f"ws-{one.workspace_id}-config", {})
    with pytest.raises(EngineRefused, match=f"The volume ws-{one.workspace_id}-config"):
        engine.start(one)
    with pytest.raises(EngineRefused, match=f"The volume ws-{one.workspace_id}-config"):
        engine.remove(one.workspace_id, keep_volumes=False)
    assert set(rig.volume_labels()) == {f"ws-{one.workspace_id}-config"}


# ---- away


def test_an_engine_that_is_away_says_so(rig: Rig) -> None:
    rig.break_off()
    engine, one = rig.engine(), wanted()
    for ask in (
        engine.check,
        engine.containers,
        engine.volumes,
        lambda: engine.start(one),
        lambda: engine.request_stop(one.workspace_id),
        lambda: engine.remove(one.workspace_id, keep_volumes=False),
    ):
        with pytest.raises(EngineAway, match=r"The container engine.* does not answer: "):
            ask()


def test_an_engine_introduces_itself(engine: Engine) -> None:
    assert engine.check()


def test_sizes_are_the_bytes_in_the_volumes_of_each_workspace(rig: Rig, engine: Engine) -> None:
    one, other = started(engine), started(engine)
    before = dict(engine.sizes())
    rig.write(one, "/data/heavy", "x" * 4096)
    after = dict(engine.sizes())
    assert after[one] - before[one] >= 4096
    assert set(after) == {one, other}
