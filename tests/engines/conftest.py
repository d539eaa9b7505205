"""The engines, each with its rig. Tests of one real engine stay in one process of the tests: it is started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines.rigs import DockerRig, FakeRig, Rig, SwarmRig
from workspaces.engines.base import Engine

RIGS = [
    pytest.param("fake"),
    pytest.param("docker", marks=pytest.mark.xdist_group("docker")),
    pytest.param("swarm", marks=pytest.mark.xdist_group("swarm")),
]


def rig_of(kind: str, request: pytest.FixtureRequest) -> Iterator[Rig]:
    if kind == "fake":
        rig: Rig = FakeRig()
    elif kind == "swarm":
        rig = SwarmRig(request.getfixturevalue("swarm"))
    else:
        rig = DockerRig((request.getfixturevalue("docker"),))
    yield rig
    rig.close()


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    yield from rig_of(request.param, request)


@pytest.fixture
def engine(rig: Rig) -> Engine:
    return rig.engine()
