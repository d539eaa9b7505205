"""Options for making containers, chosen once for a whole installation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workspaces.engines.base import ContainerLimits


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The options of an engine; the defaults are those of the settings.

    `address` is the engine's, "" for DOCKER_HOST or Docker's own default. `network` is `none`, `host` or a network's
    name, "" for the engine's default. `restart` is a restart policy of Docker. `capabilities` are the only ones that
    containers have. `grace` (seconds) is the time to stop before the kill, `timeout` (seconds) the engine's time to
    answer. `connections` is the size of the pool, one for each thread. `nodes` are the addresses of the engines of a
    swarm, by the node's hostname.
    """

    installation: str = "default"
    address: str = ""
    network: str = ""
    restart: str = "unless-stopped"
    capabilities: tuple[str, ...] = ()
    init: bool = True
    volume_driver: str = ""
    volume_options: Mapping[str, str] = field(default_factory=dict)
    grace: int = 10
    connections: int = 25
    timeout: int = 30
    nodes: Mapping[str, str] = field(default_factory=dict)


def limits_of(given: Mapping[str, Any]) -> ContainerLimits:
    """The limits of a setting's value, `{"memory": "512m", "cpus": 0.5}`; both keys are optional."""
    from docker.utils import parse_bytes  # a tenth of a second that a start without an engine does not need

    memory = given.get("memory")
    return ContainerLimits(memory=None if memory is None else int(parse_bytes(memory)), cpus=given.get("cpus"))
