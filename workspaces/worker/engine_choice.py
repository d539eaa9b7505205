"""The engine that the settings name, with its options."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from workspaces.engines.base import Engine
from workspaces.engines.docker.docker_engine import DockerEngine
from workspaces.engines.docker.swarm_engine import SwarmEngine
from workspaces.engines.fake import FakeEngine
from workspaces.engines.options import Options

LOOPS = 4  # of a worker that call the engine themselves: containers, sweep, strays, sizes


@cache
def engine(installation: str) -> Engine | None:
    """The engine of this process, shared by its threads; None if workspaces are records only.

    `installation` is the name in the labels of all that it makes, finds and removes.
    """
    match settings.ORGSITE_ENGINE:
        case "docker":
            return DockerEngine(options(installation))
        case "swarm":
            return SwarmEngine(options(installation))
        case "fake":
            return FakeEngine(installation=installation)
    return None


def options(installation: str) -> Options:
    return Options(
        installation=installation,
        network=settings.ORGSITE_DOCKER_NETWORK,
        restart=settings.ORGSITE_DOCKER_RESTART,
        capabilities=tuple(settings.ORGSITE_DOCKER_CAPABILITIES),
        init=settings.ORGSITE_DOCKER_INIT,
        volume_driver=settings.ORGSITE_VOLUME_DRIVER,
        volume_options=settings.ORGSITE_VOLUME_OPTIONS,
        grace=settings.ORGSITE_STOP_GRACE,
        connections=3 * settings.ORGSITE_ENGINE_CONCURRENCY + LOOPS,  # starts, twice as many removals
        timeout=settings.ORGSITE_ENGINE_TIMEOUT,
        nodes=settings.ORGSITE_SWARM_NODES,
    )
