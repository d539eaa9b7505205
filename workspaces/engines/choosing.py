"""The engine that the settings name, and what they say about images and limits. Nothing else in here knows Django."""

from __future__ import annotations

from functools import cache
from threading import Lock

from django.conf import settings
from docker.utils import parse_bytes

from workspaces.engines.base import Engine, Limits
from workspaces.engines.docker import DockerEngine
from workspaces.engines.fake import FakeEngine
from workspaces.engines.options import Options
from workspaces.engines.swarm import SwarmEngine

ANY = "*"

_making = Lock()


def engine() -> Engine | None:
    """The one engine of this process, shared by its threads; None where workspaces are records only."""
    with _making:
        return _engine()


def image_for(runtime: str) -> str | None:
    """The image of a runtime; None where the settings name none."""
    images = settings.ORGSITE_RUNTIME_IMAGES
    return images.get(runtime) or images.get(ANY)


def limits_for(tier: int) -> Limits:
    given = settings.ORGSITE_DOCKER_LIMITS
    chosen = given.get(str(tier)) or given.get(ANY) or {}
    memory = chosen.get("memory")
    return Limits(memory=None if memory is None else int(parse_bytes(memory)), cpus=chosen.get("cpus"))


def options() -> Options:
    return Options(
        installation=settings.ORGSITE_INSTALLATION,
        network=settings.ORGSITE_DOCKER_NETWORK,
        restart=settings.ORGSITE_DOCKER_RESTART,
        capabilities=tuple(settings.ORGSITE_DOCKER_CAPABILITIES),
        init=settings.ORGSITE_DOCKER_INIT,
        volume_driver=settings.ORGSITE_VOLUME_DRIVER,
        volume_options=settings.ORGSITE_VOLUME_OPTIONS,
        grace=settings.ORGSITE_STOP_GRACE,
        concurrency=settings.ORGSITE_ENGINE_CONCURRENCY,
        timeout=settings.ORGSITE_ENGINE_TIMEOUT,
        nodes=settings.ORGSITE_SWARM_NODES,
    )


@cache
def _engine() -> Engine | None:
    match settings.ORGSITE_ENGINE:
        case "docker":
            return DockerEngine(options())
        case "swarm":
            return SwarmEngine(options())
        case "fake":
            return FakeEngine(installation=settings.ORGSITE_INSTALLATION)
    return None


def forget() -> None:
    """The next call of `engine()` makes a new one, from the settings as they are then."""
    with _making:
        _engine.cache_clear()
