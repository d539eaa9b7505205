"""A workspace has one container, whatever somebody has renamed it to: label and volume tell."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.engines.rigs import DockerRig, FakeRig, wait_for_state, wanted
from workspaces.engines.base import ContainerState, Engine
from workspaces.engines.naming import volume_names

Renaming = FakeRig | DockerRig


@pytest.fixture
def engine(renaming: Renaming) -> Engine:
    return renaming.engine()


@pytest.fixture
def renamed(renaming: Renaming, engine: Engine) -> UUID:
    """A workspace whose container somebody renamed while it ran."""
    one = wanted()
    engine.start(one)
    wait_for_state(engine, one.workspace_id, ContainerState.RUNNING)
    renaming.rename(f"ws-{one.workspace_id}", "under-test")
    return one.workspace_id


def test_a_renamed_one_is_found(engine: Engine, renamed: UUID) -> None:
    there = engine.containers()[renamed]
    assert (there.state, there.fits(1)) == (ContainerState.RUNNING, True)
    assert there.volumes == set(volume_names(renamed).values())


def test_a_start_leaves_the_renamed_one_and_makes_no_second(renaming: Renaming, engine: Engine, renamed: UUID) -> None:
    before = renaming.identity(renamed)
    engine.start(wanted(renamed))
    assert renaming.container_names() == {"under-test"}
    assert renaming.identity(renamed) == before


def test_a_renamed_one_that_ended_is_replaced(renaming: Renaming, engine: Engine, renamed: UUID) -> None:
    engine.request_stop(renamed)
    wait_for_state(engine, renamed, ContainerState.STOPPED)
    engine.start(wanted(renamed))
    assert renaming.container_names() == {f"ws-{renamed}"}


def test_a_renamed_one_of_an_earlier_generation_is_replaced(renaming: Renaming, engine: Engine, renamed: UUID) -> None:
    engine.start(wanted(renamed, generation=2))
    assert renaming.container_names() == {f"ws-{renamed}"}


@pytest.mark.parametrize("seen", [True, False])
def test_a_renamed_one_is_removed_with_its_volumes(
    renaming: Renaming, engine: Engine, renamed: UUID, seen: bool
) -> None:
    engine.remove(renamed, keep_volumes=False, found=engine.containers()[renamed] if seen else None)
    assert (renaming.container_names(), renaming.volume_labels()) == (set(), {})


def test_a_renamed_one_is_removed_and_its_volumes_stay(renaming: Renaming, engine: Engine, renamed: UUID) -> None:
    engine.remove(renamed, keep_volumes=True)
    assert renaming.container_names() == set()
    assert set(renaming.volume_labels()) == set(volume_names(renamed).values())


def test_of_two_the_one_with_the_right_name_stays(renaming: Renaming, engine: Engine, renamed: UUID) -> None:
    renaming.rename("under-test", f"ws-{renamed}")
    renaming.copy(renamed, name="a-second", mounts=True)
    before = renaming.identity_of(f"ws-{renamed}")
    there = engine.containers()[renamed]
    assert (there.state, there.fits(1), len(there.others)) == (ContainerState.RUNNING, False, 1)
    engine.start(wanted(renamed))
    assert renaming.container_names() == {f"ws-{renamed}"}
    assert renaming.identity_of(f"ws-{renamed}") == before
    assert engine.containers()[renamed].fits(1)


def test_both_are_asked_to_stop_and_removed(renaming: Renaming, engine: Engine, renamed: UUID) -> None:
    renaming.copy(renamed, name="a-second", mounts=True)
    engine.request_stop(renamed)
    wait_for_state(engine, renamed, ContainerState.STOPPED)
    engine.remove(renamed, keep_volumes=False)
    assert (renaming.container_names(), renaming.volume_labels()) == (set(), {})


def test_a_copy_that_has_no_volume_of_ours_is_a_strangers(renaming: Renaming, engine: Engine, renamed: UUID) -> None:
    renaming.copy(renamed, name="a-copy", mounts=False)
    assert engine.containers()[renamed].others == ()
    engine.start(wanted(renamed, generation=2))
    engine.remove(renamed, keep_volumes=False)
    assert renaming.container_names() == {"a-copy"}


def test_one_that_has_our_volume_and_no_label_is_a_strangers(renaming: Renaming, engine: Engine, renamed: UUID) -> None:
    renaming.copy(renamed, name="by-hand", mounts=True, labels=False)
    assert engine.containers()[renamed].others == ()
    engine.remove(renamed, keep_volumes=True)
    assert renaming.container_names() == {"by-hand"}


def test_another_installation_does_not_see_a_renamed_one(renaming: Renaming, renamed: UUID) -> None:
    assert renaming.engine("theirs").containers() == {}
