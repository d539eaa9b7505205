"""The engine that the settings name, and what they say about images and limits. Nothing else in here knows Django."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from docker.utils import parse_bytes

from workspaces.engines.base import Engine, Limits
from workspaces.engines.docker import DockerEngine
from workspaces.engines.fake import FakeEngine
from workspaces.engines.options import Options
from workspaces.engines.swarm import SwarmEngine

ANY = "*"


@cache
def engine(installation: str) -> Engine | None:
    """The engine of this process, shared by its threads; None where workspaces are records only.

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


def image_for(runtime: str) -> str:
    """The image of a runtime; "" where the settings name none."""
    images: dict[str, str] = settings.ORGSITE_RUNTIME_IMAGES
    return images.get(runtime) or images.get(ANY, "")


def limits_for(tier: int) -> Limits:
    given = settings.ORGSITE_DOCKER_LIMITS
    chosen = given.get(str(tier)) or given.get(ANY) or {}
    memory = chosen.get("memory")
    return Limits(memory=None if memory is None else int(parse_bytes(memory)), cpus=chosen.get("cpus"))


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
        connections=3 * settings.ORGSITE_ENGINE_CONCURRENCY + 1,  # starts, twice as many removals, the worker's loop
        timeout=settings.ORGSITE_ENGINE_TIMEOUT,
        nodes=settings.ORGSITE_SWARM_NODES,
    )
