"""One Docker Engine, at DOCKER_HOST."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from docker import APIClient
from docker.errors import APIError, NotFound
from docker.types import HostConfig, Mount

from workspaces.core.containers.lifecycle import ContainerState
from workspaces.engines.base import Delivery, FoundContainer, Wanted
from workspaces.engines.docker.connection import Connection
from workspaces.engines.docker.container_spec import CONFLICT, end_container, remove_container
from workspaces.engines.docker.images import pull_if_missing
from workspaces.engines.docker.volumes import (
    make_volumes,
    remove_volumes,
    sizes_by_workspace,
    volumes_by_workspace,
)
from workspaces.engines.naming import (
    CONFIG,
    container_labels,
    container_name,
    fields_of_labels,
    generation_of,
    labels_of,
    only_ours,
    owner_of,
    require_ours,
    volume_names,
)
from workspaces.engines.options import Options
from workspaces.errors import EngineRefused

# Any other state is STOPPED, "created" too. A paused one counts as running: replacing it would undo what somebody did.
STATES = {"restarting": ContainerState.STARTING, "running": ContainerState.RUNNING, "paused": ContainerState.RUNNING}
LIVELY = (ContainerState.STOPPED, ContainerState.STARTING, ContainerState.RUNNING)

Summary = Mapping[str, Any]  # of a container, as it is listed


class DockerEngine:
    """Workspaces as containers of one engine. `base.Engine` documents the methods."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._engine = Connection(options)

    def check(self) -> str:
        with self._engine.api() as api:
            version = api.version()
            return f"Docker {version['Version']} (API {version['ApiVersion']})"

    def nodes(self) -> Mapping[str, bool]:
        return {}

    def start(self, wanted: Wanted) -> None:
        with self._engine.api() as api:
            existing = self._ours(api, wanted.workspace_id)
            keeps = any(_runs(each) and generation_of(each["Labels"]) == wanted.generation for each in existing[:1])
            if not keeps:  # all that may be refused comes before the running one is stopped
                labels = labels_of(wanted, installation=self._options.installation)
                make_volumes(api, workspace_id=wanted.workspace_id, labels=labels, options=self._options)
                pull_if_missing(api, wanted.image)
            self._end(api, existing[keeps:])
            container_id = existing[0]["Id"] if keeps else self._create(api, wanted)
            if wanted.config:
                api.put_archive(container_id, CONFIG, wanted.config)  # writes into the mounted volume
            if not keeps:
                api.start(container_id)

    def deliver(self, delivery: Delivery, *, found: FoundContainer | None = None) -> None:
        with self._engine.api() as api:
            container = found or self._find(api, delivery.workspace_id)
            if not container:
                raise EngineRefused(f"There is no container of {delivery.workspace_id}.")
            api.put_archive(container.handle, CONFIG, delivery.config)

    def request_stop(self, workspace_id: UUID, *, found: FoundContainer | None = None) -> None:
        with self._engine.api() as api:
            container = found or self._find(api, workspace_id)
            for handle in container.handles if container else ():
                with suppress(NotFound):
                    _send_stop(api, api.inspect_container(handle))

    def kill(self, workspace_id: UUID) -> None:
        with self._engine.api() as api:
            container = self._find(api, workspace_id)
            for handle in container.handles if container else ():
                with suppress(NotFound):
                    _send(api, api.inspect_container(handle), signal="SIGKILL")

    def remove(
        self, workspace_id: UUID, *, keep_volumes: bool, found: FoundContainer | None = None, node: str = ""
    ) -> None:
        with self._engine.api() as api:
            container = found or self._find(api, workspace_id)
            for handle in container.handles if container else ():
                remove_container(api, handle)
            if not keep_volumes:
                known = container.volumes if container else frozenset()
                remove_volumes(api, workspace_id=workspace_id, installation=self._options.installation, known=known)

    def containers(self) -> Mapping[UUID, FoundContainer]:
        with self._engine.api() as api:
            listed = api.containers(all=True, filters=only_ours(self._options.installation))
        return self._by_owner(listed)

    def volumes(self) -> Mapping[UUID, tuple[str, ...]]:
        with self._engine.api() as api:
            return volumes_by_workspace(api, installation=self._options.installation)

    def sizes(self) -> Mapping[UUID, int]:
        with self._engine.api() as api:
            return sizes_by_workspace(api, installation=self._options.installation)

    def close(self) -> None:
        self._engine.close()

    # ---- which are ours

    def _by_owner(self, listed: Iterable[Mapping[str, Any]]) -> dict[UUID, FoundContainer]:
        owned = defaultdict(list)
        for each in listed:
            if owner := self._owner_of(each):
                owned[owner].append(each)
        return {owner: _found(owner, _ordered(owner, containers)) for owner, containers in owned.items()}

    def _owner_of(self, container: Mapping[str, Any]) -> UUID | None:
        installation, mounted = self._options.installation, _volumes_of(container)
        return owner_of(_name_of(container), labels=container["Labels"], installation=installation, mounted=mounted)

    def _find(self, api: APIClient, workspace_id: UUID) -> FoundContainer | None:
        ours = self._ours(api, workspace_id)
        return _found(workspace_id, ours) if ours else None

    def _ours(self, api: APIClient, workspace_id: UUID) -> list[Summary]:
        """The workspace's containers, by label, as one may be renamed. Raises EngineRefused if its name is taken."""
        name, installation = container_name(workspace_id), self._options.installation
        with suppress(NotFound):
            labels = api.inspect_container(name)["Config"]["Labels"]
            require_ours(f"container {name}", labels=labels, installation=installation)
        listed = api.containers(all=True, filters=only_ours(installation, workspace_id))
        return _ordered(workspace_id, (each for each in listed if self._owner_of(each) == workspace_id))

    # ---- start

    def _end(self, api: APIClient, containers: Iterable[Summary]) -> None:
        for each in containers:
            if _runs(each):
                end_container(api, each["Id"], grace=self._options.grace)
            remove_container(api, each["Id"])

    def _create(self, api: APIClient, wanted: Wanted) -> str:
        """The id of a new container."""
        created = api.create_container(
            wanted.image,
            name=container_name(wanted.workspace_id),
            environment=dict(wanted.environment),
            labels=container_labels(wanted, installation=self._options.installation),
            stop_timeout=self._options.grace,
            host_config=self._host_config(api, wanted),
        )
        return str(created["Id"])

    def _host_config(self, api: APIClient, wanted: Wanted) -> HostConfig:
        policy, _, attempts = self._options.restart.partition(":")
        limits = wanted.limits
        return api.create_host_config(
            mounts=[Mount(place, name) for place, name in volume_names(wanted.workspace_id).items()],
            network_mode=self._options.network or None,
            restart_policy={"Name": policy, "MaximumRetryCount": int(attempts or 0)},
            cap_drop=["ALL"],
            cap_add=list(self._options.capabilities),
            security_opt=["no-new-privileges"],
            init=self._options.init,
            mem_limit=limits.memory,
            nano_cpus=None if limits.cpus is None else round(limits.cpus * 10**9),
        )


def _send_stop(api: APIClient, container: Mapping[str, Any]) -> None:
    """Send the container's own stop signal; the engine's restart policy then does not start it again."""
    _send(api, container, signal=container["Config"].get("StopSignal") or "SIGTERM")


def _send(api: APIClient, container: Mapping[str, Any], *, signal: str) -> None:
    if not container["State"]["Running"]:
        return
    try:
        api.kill(container["Id"], signal=signal)
    except APIError as error:
        if error.status_code not in (CONFLICT, 404):  # it ended or was removed meanwhile
            raise


def _ordered(workspace_id: UUID, containers: Iterable[Summary]) -> list[Summary]:
    """The containers, first the one to keep: that with the right name, else one that runs."""
    name = container_name(workspace_id)
    return sorted(containers, key=lambda each: (_name_of(each) != name, not _runs(each), each["Id"]))


def _found(workspace_id: UUID, containers: Sequence[Summary]) -> FoundContainer:
    """The containers of one workspace as one value; the first is the one to keep."""
    first = containers[0]
    state = max((_state_of(each) for each in containers), key=LIVELY.index)
    return FoundContainer(
        workspace_id=workspace_id,
        state=state,
        detail="" if state is ContainerState.RUNNING else _detail(first["Status"]),
        handle=first["Id"],
        others=tuple(each["Id"] for each in containers[1:]),
        volumes=frozenset().union(*map(_volumes_of, containers)),
        **fields_of_labels(first["Labels"]),
    )


def _name_of(container: Summary) -> str:
    """Its name, "" while it is being removed."""
    return str((container["Names"] or [""])[0]).lstrip("/")


def _volumes_of(container: Summary) -> frozenset[str]:
    return frozenset(mount["Name"] for mount in container["Mounts"] if mount.get("Name"))


def _state_of(container: Summary) -> ContainerState:
    return STATES.get(container["State"], ContainerState.STOPPED)


def _runs(container: Summary) -> bool:
    return _state_of(container) is ContainerState.RUNNING


def _detail(status: str) -> str:
    """`Exited (137) 5 minutes ago` without the time, which changes with every call."""
    reason, bracket, _ = status.rpartition(") ")
    return reason + bracket.strip() if bracket else status
