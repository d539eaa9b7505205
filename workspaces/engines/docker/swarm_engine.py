"""An existing swarm: one service per workspace, through a manager at DOCKER_HOST.

Volumes are local to the node on which a container ran, so they are searched on every node of `Options.nodes`; without
any, only on the one of DOCKER_HOST.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
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
from workspaces.engines.docker.container_spec import belongs_to, remove_container, remove_renamed
from workspaces.engines.docker.images import pull_if_missing
from workspaces.engines.docker.swarm_configs import put_configs, remove_configs
from workspaces.engines.docker.swarm_services import force_update_of, task_template, unpin, update_service
from workspaces.engines.docker.volumes import (
    remove_volumes,
    require_our_volumes,
    retry_while_in_use,
    sizes_by_workspace,
    volumes_by_workspace,
)
from workspaces.engines.naming import (
    DATA,
    container_labels,
    container_name,
    generation_of,
    only_ours,
    owner_of,
    require_ours,
    volume_names,
)
from workspaces.engines.options import Options
from workspaces.errors import EngineAway, EngineError, EngineRefused

WATCHED = 3.0  # seconds that `start` watches the first attempt
STARTS = 2.0  # seconds that `remove` waits for a node that is about to start
STEP = 0.1  # seconds between two polls


class SwarmEngine:
    """Workspaces as services of a swarm. `base.Engine` documents the methods."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._manager = Connection(options)
        self._nodes = {
            name: Connection(options, address=address, called=f"The container engine of node {name}")
            for name, address in sorted(options.nodes.items())
        } or {"": self._manager}

    def check(self) -> str:
        with self._manager.api() as api:
            version, nodes = api.version()["Version"], api.nodes()
        ready = sum(node["Status"]["State"] == "ready" for node in nodes)
        unknown = sorted({node["Description"]["Hostname"] for node in nodes} - self._options.nodes.keys())
        missing = f"; no address of {', '.join(unknown)} in ORGSITE_SWARM_NODES" if unknown and len(nodes) > 1 else ""
        return f"Docker {version}, swarm, {ready} of {len(nodes)} nodes ready{missing}"

    def start(self, wanted: Wanted) -> None:
        with self._manager.api() as api:
            service, attempts = self._service(api, wanted.workspace_id), _attempts(api, wanted.workspace_id)
            if service and _runs(service, attempts, generation=wanted.generation):
                return
            here = tasks.node_of_running(attempts)
            self._pull(api, here, image=wanted.image)
            home = here or self._home_of(api, wanted.workspace_id)
            self._clear_renamed(wanted.workspace_id)
            configs = put_configs(api, wanted, installation=self._options.installation)
            self._put_service(api, service, wanted, configs=configs, home=home)
            self._remove_configs(api, wanted.workspace_id, but=configs)
            _watch(api, wanted.workspace_id, generation=force_update_of(service) + 1)
            if home:
                unpin(api, wanted.workspace_id)

    def request_stop(self, workspace_id: UUID, *, found: FoundContainer | None = None) -> None:
        with self._manager.api() as api:
            service = self._service(api, workspace_id)
            if service and tasks.replicas_of(service):
                update_service(api, service, template=service["Spec"]["TaskTemplate"], replicas=0)

    kill = request_stop  # the swarm itself kills after the grace

    def remove(self, workspace_id: UUID, *, keep_volumes: bool, found: FoundContainer | None = None) -> None:
        with self._manager.api() as api:
            service = self._service(api, workspace_id)
            if service:
                with suppress(NotFound):
                    api.remove_service(service["ID"])
            self._remove_configs(api, workspace_id, but=[])
            _await_starts(api, only=only_ours(self._options.installation, workspace_id))
        self._clear_nodes(workspace_id, keep_volumes=keep_volumes)

    def containers(self) -> Mapping[UUID, FoundContainer]:
        ours = only_ours(self._options.installation)
        with self._manager.api() as api:
            services, attempts = api.services(filters=ours), api.tasks(filters=ours)
            nodes = {node["ID"]: node["Description"]["Hostname"] for node in api.nodes()}
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
        """As `Engine.volumes`, with one request to each node. A volume that is on two nodes is listed once."""
        names: dict[UUID, set[str]] = defaultdict(set)
        for node in self._nodes.values():
            with node.api() as api:
                for owner, found in volumes_by_workspace(api, installation=self._options.installation).items():
                    names[owner] |= set(found)
        return {owner: tuple(sorted(found)) for owner, found in names.items()}

    def sizes(self) -> Mapping[UUID, int]:
        """As `Engine.sizes`, the sum over all nodes."""
        total: Counter[UUID] = Counter()
        for node in self._nodes.values():
            with node.api() as api:
                total += Counter(sizes_by_workspace(api, installation=self._options.installation))
        return total

    def close(self) -> None:
        for connection in (self._manager, *self._nodes.values()):
            connection.close()

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

    # ---- nodes

    def _home_of(self, api: APIClient, workspace_id: UUID) -> str:
        """The id of the node with the workspace's data: that of the last attempt, else the one with the newest volume.

        "" if no answering node has data yet, or if a volume driver makes it available on every node.
        """
        data, homes = volume_names(workspace_id)[DATA], {}
        for node in self._nodes.values():
            with suppress(EngineAway), node.api() as local:
                installation = self._options.installation
                found = require_our_volumes(local, workspace_id=workspace_id, installation=installation)
                if data in found:
                    homes[local.info()["Swarm"]["NodeID"]] = found[data]
        if self._options.volume_driver or self._options.volume_options:
            return ""
        last = next((each.get("NodeID", "") for each in _attempts(api, workspace_id)), "")
        return last if last in homes else max(homes, key=lambda each: homes[each], default="")

    def _pull(self, api: APIClient, node_id: str, *, image: str) -> None:
        """Pull the image on the node that the workspace runs on, before the swarm stops it there. Raises EngineAway if
        that node does not answer. Without an address of it in the options the swarm itself pulls, after the stop."""
        if node_id and (node := self._node(api, node_id)):
            with node.api() as local:
                pull_if_missing(local, image)

    def _node(self, api: APIClient, node_id: str) -> Connection | None:
        if not self._options.nodes:
            return self._manager if api.info()["Swarm"]["NodeID"] == node_id else None
        return self._nodes.get(api.inspect_node(node_id)["Description"]["Hostname"])

    def _clear_renamed(self, workspace_id: UUID) -> None:
        """Remove renamed containers: a swarm knows them by name, so one would run on beside the next attempt."""
        for node in self._nodes.values():
            with suppress(EngineAway), node.api() as api:
                remove_renamed(api, workspace_id, options=self._options)

    def _clear_nodes(self, workspace_id: UUID, *, keep_volumes: bool) -> None:
        """Clear every node, then raise the first error: a node that is away must not stop the others."""
        errors: list[EngineError] = []
        for node in self._nodes.values():
            try:
                with node.api() as api:
                    self._clear(api, workspace_id, keep_volumes=keep_volumes)
            except EngineAway as error:
                errors.append(EngineAway(f"{error} What workspace {workspace_id} has there remains until it does."))
            except EngineRefused as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _clear(self, api: APIClient, workspace_id: UUID, *, keep_volumes: bool) -> None:
        """Remove what the service left. Its containers could run until their grace is over, with the volumes in use."""
        installation = self._options.installation
        for container in api.containers(all=True, filters=only_ours(installation, workspace_id)):
            if belongs_to(container, workspace_id):
                remove_container(api, container["Id"])
        if not keep_volumes:
            retry_while_in_use(lambda: remove_volumes(api, workspace_id=workspace_id, installation=installation))


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
        listed = _attempts(api, workspace_id)
        attempts = [each for each in listed if each["Spec"].get("ForceUpdate", 0) == generation]
        if any(each["Status"]["State"] == "running" for each in attempts):
            return
        if message := tasks.refusal(attempts):
            raise EngineRefused(message)
        time.sleep(STEP)


def _await_starts(api: APIClient, *, only: dict[str, list[str]]) -> None:
    """Wait for nodes that are about to start a container: they would make the volumes again after their removal."""
    deadline = time.monotonic() + STARTS
    while any(task["Status"]["State"] in tasks.UNDER_WAY for task in api.tasks(filters=only)):
        if time.monotonic() > deadline:
            return
        time.sleep(STEP)
