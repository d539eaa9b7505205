"""The specification of a workspace as a service of a swarm."""

from __future__ import annotations

from typing import cast

from docker.types import (
    ConfigReference,
    ContainerSpec,
    DriverConfig,
    Mount,
    Placement,
    Privileges,
    Resources,
    RestartPolicy,
    TaskTemplate,
)

from workspaces.engines.base import Wanted
from workspaces.engines.docker.volumes import driver_options
from workspaces.engines.naming import GENERATION, volume_names
from workspaces.engines.options import Options

SECOND = 10**9  # a swarm counts in nanoseconds
RESTART_DELAY = 5 * SECOND


def task_template(
    wanted: Wanted,
    *,
    labels: dict[str, str],
    configs: list[ConfigReference],
    generation: int,
    node_id: str,
    options: Options,
) -> TaskTemplate:
    """The template of the service's tasks. A higher `generation` makes the swarm start a new one, even if nothing else
    changed. `node_id` is the only node that may run it, "" for any."""
    limits, names = wanted.limits, volume_names(wanted.workspace_id)
    of_volumes = {label: value for label, value in labels.items() if label != GENERATION}
    return TaskTemplate(
        ContainerSpec(
            wanted.image,
            env=dict(wanted.environment),
            labels=labels,
            mounts=[_mount(place, name, of_volumes, options) for place, name in names.items()],
            stop_grace_period=options.grace * SECOND,
            configs=configs,
            cap_drop=["ALL"],
            cap_add=list(options.capabilities),
            privileges=_no_new_privileges(),
            init=options.init,
        ),
        resources=Resources(cpu_limit=round((limits.cpus or 0) * SECOND), mem_limit=limits.memory or 0),
        restart_policy=RestartPolicy("any", delay=RESTART_DELAY),
        placement=Placement(constraints=[f"node.id=={node_id}"] if node_id else []),
        networks=[options.network] if options.network else None,
        force_update=generation,
    )


def _mount(place: str, name: str, labels: dict[str, str], options: Options) -> Mount:
    chosen = bool(options.volume_driver or options.volume_options)
    driver = DriverConfig(options.volume_driver or "local", driver_options(name, options=options)) if chosen else None
    return Mount(place, name, labels=labels, driver_config=driver)


def _no_new_privileges() -> Privileges:
    """The option as a plain mapping: the library does not know it yet, and an old engine ignores it."""
    return cast(Privileges, {"NoNewPrivileges": True})
