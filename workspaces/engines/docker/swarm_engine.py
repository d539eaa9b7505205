"""An existing swarm: one service per workspace, through a manager at DOCKER_HOST."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from docker import APIClient
from docker.errors import NotFound
from docker.types import ConfigReference, ServiceMode

from workspaces.core.containers.lifecycle import ContainerState
from workspaces.engines.base import FoundContainer, Wanted
from workspaces.engines.docker import swarm_tasks as tasks
from workspaces.engines.docker.connection import Connection
from workspaces.engines.docker.swarm_configs import put_configs, remove_configs
from workspaces.engines.docker.swarm_nodes import HomeNode, SwarmNodes, hostname_of, takes_containers
from workspaces.engines.docker.swarm_services import force_update_of, task_template, unpin, update_service
from workspaces.engines.naming import (
    container_labels,
    container_name,
    generation_of,
    only_ours,
    owner_of,
    require_ours,
)
from workspaces.engines.options import Options
from workspaces.errors import EngineRefused

WATCHED = 3.0  # seconds that `start` watches the first attempt
STARTS = 2.0  # seconds that `remove` waits for a node that is about to start
STEP = 0.1  # seconds between two polls


class SwarmEngine:
    """Workspaces as services of a swarm. `base.Engine` documents the methods."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._manager = Connection(options)
        self._nodes = SwarmNodes(options, self._manager)

    def check(self) -> str:
        with self._manager.api() as api:
            version, nodes = api.version()["Version"], api.nodes()
        ready = sum(node["Status"]["State"] == "ready" for node in nodes)
        unknown = sorted({hostname_of(node) for node in nodes} - self._options.nodes.keys())
        missing = f"; no address of {', '.join(unknown)} in ORGSITE_SWARM_NODES" if unknown and len(nodes) > 1 else ""
        return f"Docker {version}, swarm, {ready} of {len(nodes)} nodes ready{missing}"

    def nodes(self) -> Mapping[str, bool]:
        if self._nodes.share_volumes:
            return {}
        with self._manager.api() as api:
            listed = api.nodes()
        takes = {hostname_of(node) for node in listed if takes_containers(node)}
        return {name: name in takes for name in sorted(map(hostname_of, listed))}

    def start(self, wanted: Wanted) -> None:
        with self._manager.api() as api:
            service, attempts = self._service(api, wanted.workspace_id), _attempts(api, wanted.workspace_id)
            if service and _runs(service, attempts, generation=wanted.generation):
                return
            here = tasks.node_of_running(attempts)
            self._nodes.pull(api, here, image=wanted.image)
            home = HomeNode(here) if here else self._nodes.home_of(api, wanted, last=tasks.last_node(attempts))
            self._nodes.clear_renamed(wanted.workspace_id)
            configs = put_configs(api, wanted, installation=self._options.installation)
            self._put_service(api, service, wanted, configs=configs, home=home.node_id)
            self._remove_configs(api, wanted.workspace_id, but=configs)
            generation = force_update_of(service) + 1
            _watch(api, wanted.workspace_id, generation=generation)
            if home.node_id and not (home.firm and _waits_for_a_node(api, wanted.workspace_id, generation=generation)):
                unpin(api, wanted.workspace_id)

    def request_stop(self, workspace_id: UUID, *, found: FoundContainer | None = None) -> None:
        with self._manager.api() as api:
            service = self._service(api, workspace_id)
            if service and tasks.replicas_of(service):
                update_service(api, service, template=service["Spec"]["TaskTemplate"], replicas=0)

    kill = request_stop  # the swarm itself kills after the grace

    def remove(
        self, workspace_id: UUID, *, keep_volumes: bool, found: FoundContainer | None = None, node: str = ""
    ) -> None:
        with self._manager.api() as api:
            service = self._service(api, workspace_id)
            if service:
                with suppress(NotFound):
                    api.remove_service(service["ID"])
            self._remove_configs(api, workspace_id, but=[])
            _await_starts(api, only=only_ours(self._options.installation, workspace_id))
        self._nodes.clear(workspace_id, keep_volumes=keep_volumes)
        if not keep_volumes:
            with self._manager.api() as api:
                self._nodes.require_reach(api, node)

    def containers(self) -> Mapping[UUID, FoundContainer]:
        ours = only_ours(self._options.installation)
        with self._manager.api() as api:
            services, attempts = api.services(filters=ours), api.tasks(filters=ours)
            nodes = {node["ID"]: hostname_of(node) for node in api.nodes()}
        by_service = defaultdict(list)
        for attempt in attempts:
            by_service[attempt["ServiceID"]].append(attempt)
        owned = ((self._owner_of(service), service) for service in services)
        return {
            owner: tasks.found(owner, service=service, tasks=by_service[service["ID"]], nodes=nodes)
            for owner, service in owned
            if owner
        }

    def volumes(self) -> Mapping[UUID, tuple[str, ...]]:
        return self._nodes.volumes()

    def sizes(self) -> Mapping[UUID, int]:
        return self._nodes.sizes()

    def close(self) -> None:
        self._manager.close()
        self._nodes.close()

    # ---- services

    def _owner_of(self, service: tasks.Service) -> UUID | None:
        spec = service["Spec"]
        return owner_of(spec["Name"], labels=spec["Labels"], installation=self._options.installation)

    def _service(self, api: APIClient, workspace_id: UUID) -> dict[str, Any] | None:
        name = container_name(workspace_id)
        try:
            service: dict[str, Any] = api.inspect_service(name)
        except NotFound:
            return None
        labels = service["Spec"]["Labels"]
        require_ours(f"service {name}", labels=labels, installation=self._options.installation)
        return service

    def _put_service(
        self,
        api: APIClient,
        service: tasks.Service | None,
        wanted: Wanted,
        *,
        configs: list[ConfigReference],
        home: str,
    ) -> None:
        """Create the service, or update it: then the attempts of the last generation end before a new one starts."""
        labels = container_labels(wanted, installation=self._options.installation)
        template = task_template(
            wanted,
            labels=labels,
            configs=configs,
            generation=force_update_of(service) + 1,
            node_id=home,
            options=self._options,
        )
        if service:
            update_service(api, service, template=template, replicas=1, labels=labels)
        else:
            name, mode = container_name(wanted.workspace_id), ServiceMode("replicated", replicas=1)
            api.create_service(template, name=name, labels=labels, mode=mode)

    def _remove_configs(self, api: APIClient, workspace_id: UUID, *, but: list[ConfigReference]) -> None:
        remove_configs(api, workspace_id=workspace_id, installation=self._options.installation, but=but)


def _runs(service: tasks.Service, newest_first: list[tasks.Task], *, generation: int) -> bool:
    """Whether the service runs in that generation and was not scaled down to stop."""
    current = generation_of(service["Spec"]["Labels"]) == generation
    return (
        current and tasks.replicas_of(service) > 0 and tasks.state_of(service, newest_first) is ContainerState.RUNNING
    )


def _attempts(api: APIClient, workspace_id: UUID) -> list[tasks.Task]:
    """The tasks of the workspace's service, newest first; none without a service."""
    try:
        return tasks.newest_first(api.tasks(filters={"service": container_name(workspace_id)}))
    except NotFound:
        return []


def _watch(api: APIClient, workspace_id: UUID, *, generation: int) -> None:
    """Watch the first attempt for WATCHED seconds. Raises EngineRefused with the swarm's message if it fails."""
    deadline = time.monotonic() + WATCHED
    while time.monotonic() < deadline:
        attempts = _attempts_of(api, workspace_id, generation)
        if any(each["Status"]["State"] == "running" for each in attempts):
            return
        if message := tasks.refusal(attempts):
            raise EngineRefused(message)
        time.sleep(STEP)


def _waits_for_a_node(api: APIClient, workspace_id: UUID, *, generation: int) -> bool:
    """Whether the only node that may run it takes nothing now."""
    return not tasks.last_node(_attempts_of(api, workspace_id, generation))


def _attempts_of(api: APIClient, workspace_id: UUID, generation: int) -> list[tasks.Task]:
    return [each for each in _attempts(api, workspace_id) if each["Spec"].get("ForceUpdate", 0) == generation]


def _await_starts(api: APIClient, *, only: dict[str, list[str]]) -> None:
    """Wait for nodes that are about to start a container: they would make the volumes again after their removal."""
    deadline = time.monotonic() + STARTS
    while any(task["Status"]["State"] in tasks.UNDER_WAY for task in api.tasks(filters=only)):
        if time.monotonic() > deadline:
            return
        time.sleep(STEP)
