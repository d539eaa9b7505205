"""Fixtures for the engines' tests: each engine with its `Rig` (`rigs.py`). Tests of one real engine run in one process
of the tests, so that it is started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines.rigs import DockerRig, FakeRig, RealRig, Rig, SwarmRig
from workspaces.engines.base import Engine

RIGS = [
    pytest.param("fake"),
    pytest.param("docker", marks=pytest.mark.xdist_group("docker")),
    pytest.param("swarm", marks=pytest.mark.xdist_group("swarm")),
]


def rig_of(request: pytest.FixtureRequest) -> Iterator[FakeRig | DockerRig | SwarmRig]:
    if request.param == "fake":
        rig: FakeRig | DockerRig | SwarmRig = FakeRig()
    elif request.param == "swarm":
        rig = SwarmRig(request.getfixturevalue("swarm"))
    else:
        rig = DockerRig((request.getfixturevalue("docker"),))
    yield rig
    rig.close()


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """Any engine."""
    yield from rig_of(request)


@pytest.fixture(params=RIGS[1:])
def real(request: pytest.FixtureRequest) -> Iterator[RealRig]:
    """One that starts containers."""
    yield from rig_of(request)


@pytest.fixture(params=RIGS[:2])
def renaming(request: pytest.FixtureRequest) -> Iterator[FakeRig | DockerRig | SwarmRig]:
    """One whose containers can be renamed."""
    yield from rig_of(request)


@pytest.fixture
def engine(rig: Rig) -> Engine:
    return rig.engine()
