"""A workspace as a service of a swarm: its specification, and updates of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from docker import APIClient
from docker.errors import APIError
from docker.types import (
    ConfigReference,
    ContainerSpec,
    DriverConfig,
    Mount,
    Placement,
    Privileges,
    Resources,
    RestartPolicy,
    ServiceMode,
    TaskTemplate,
)

from workspaces.engines.base import Wanted
from workspaces.engines.docker.swarm_tasks import Service, replicas_of
from workspaces.engines.docker.volumes import driver_options
from workspaces.engines.naming import GENERATION, container_name, volume_names
from workspaces.engines.options import Options

SECOND = 10**9  # a swarm counts in nanoseconds
RESTART_DELAY = 5 * SECOND
UPDATES = 5  # attempts to update a service at most


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


def force_update_of(service: Service | None) -> int:
    """The number that `task_template` calls the generation, 0 without a service."""
    return int(service["Spec"]["TaskTemplate"].get("ForceUpdate") or 0) if service else 0


def unpin(api: APIClient, workspace_id: UUID) -> None:
    """Drop the constraint to the node with its data, so that the service may move if that node goes down.

    A swarm does not restart a task when only its constraints change and its node still satisfies them.
    """
    service = api.inspect_service(container_name(workspace_id))
    template = service["Spec"]["TaskTemplate"] | {"Placement": {"Constraints": []}}
    update_service(api, service, template=template, replicas=replicas_of(service))


def update_service(
    api: APIClient, service: Service, *, template: Any, replicas: int, labels: Mapping[str, str] | None = None
) -> None:
    """Update the service; again if the swarm changed it since it was read (optimistic locking by version)."""
    spec, version = service["Spec"], service["Version"]["Index"]
    mode, carried = ServiceMode("replicated", replicas=replicas), dict(labels or spec["Labels"])
    for left in reversed(range(UPDATES)):
        try:
            api.update_service(
                service["ID"], version, task_template=template, name=spec["Name"], labels=carried, mode=mode
            )
            return
        except APIError as error:
            if not left or "out of sequence" not in str(error.explanation):
                raise
        version = api.inspect_service(service["ID"])["Version"]["Index"]
