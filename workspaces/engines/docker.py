"""One Docker Engine, at DOCKER_HOST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from docker import APIClient
from docker.errors import APIError, ImageNotFound, NotFound
from docker.types import HostConfig, Mount

from workspaces.core.steps import State
from workspaces.engines.base import Found, Wanted
from workspaces.engines.connection import Connection
from workspaces.engines.containers import CONFLICT, remove_container
from workspaces.engines.naming import (
    CONFIG,
    container_name,
    labels_of,
    only_ours,
    owner_of,
    see_that_it_is_ours,
    told_by,
    volume_names,
)
from workspaces.engines.options import Options
from workspaces.engines.volumes import make_volumes, remove_volumes, sizes_by_workspace, volumes_by_workspace
from workspaces.errors import EngineRefused

# Any other is STOPPED, "created" too. One that somebody paused is not ours to replace.
STATES = {"restarting": State.STARTING, "running": State.RUNNING, "paused": State.RUNNING}


class DockerEngine:
    """Workspaces as containers of one engine. What is asked, and what it means, is in `base.Engine`."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._engine = Connection(options)

    def check(self) -> str:
        with self._engine.api() as api:
            version = api.version()
            return f"Docker {version['Version']} (API {version['ApiVersion']})"

    def start(self, wanted: Wanted) -> None:
        with self._engine.api() as api:
            there = self._inspect(api, wanted.workspace_id)
            if there and STATES.get(there["State"]["Status"]) is State.RUNNING:
                return
            if there:
                remove_container(api, there["Id"])
            labels = labels_of(wanted, installation=self._options.installation)
            make_volumes(api, workspace_id=wanted.workspace_id, labels=labels, options=self._options)
            container_id = self._create(api, wanted, labels)
            if wanted.config:
                api.put_archive(container_id, CONFIG, wanted.config)  # goes through to the volume
            api.start(container_id)

    def ask_to_stop(self, workspace_id: UUID) -> None:
        with self._engine.api() as api:
            there = self._inspect(api, workspace_id)
            if there and there["State"]["Running"]:
                _send(api, there["Id"], signal=there["Config"].get("StopSignal") or "SIGTERM")

    def kill(self, workspace_id: UUID) -> None:
        with self._engine.api() as api:
            there = self._inspect(api, workspace_id)
            if there and there["State"]["Running"]:
                _send(api, there["Id"], signal="SIGKILL")

    def remove(self, workspace_id: UUID, *, keep_volumes: bool, found: Found | None = None) -> None:
        with self._engine.api() as api:
            there = found or self._look_up(api, workspace_id)
            if there:
                remove_container(api, there.handle)
            if not keep_volumes:
                known = there.volumes if there else frozenset()
                remove_volumes(api, workspace_id=workspace_id, installation=self._options.installation, known=known)

    def containers(self) -> Mapping[UUID, Found]:
        with self._engine.api() as api:
            listed = api.containers(all=True, filters=only_ours(self._options.installation))
        pairs = ((self._owner_of(each), each) for each in listed)
        return {owner: _found(owner, each, status=each["State"]) for owner, each in pairs if owner}

    def volumes(self) -> Mapping[UUID, tuple[str, ...]]:
        with self._engine.api() as api:
            return volumes_by_workspace(api, installation=self._options.installation)

    def sizes(self) -> Mapping[UUID, int]:
        with self._engine.api() as api:
            return sizes_by_workspace(api, installation=self._options.installation)

    def close(self) -> None:
        self._engine.close()

    def _owner_of(self, container: Mapping[str, Any]) -> UUID | None:
        name = (container["Names"] or [""])[0].lstrip("/")  # none is left while it is being removed
        return owner_of(name, labels=container["Labels"], installation=self._options.installation)

    def _look_up(self, api: APIClient, workspace_id: UUID) -> Found | None:
        there = self._inspect(api, workspace_id)
        return _found(workspace_id, there, status=there["State"]["Status"]) if there else None

    def _inspect(self, api: APIClient, workspace_id: UUID) -> dict[str, Any] | None:
        name = container_name(workspace_id)
        try:
            there: dict[str, Any] = api.inspect_container(name)
        except NotFound:
            return None
        labels = there["Config"]["Labels"]
        see_that_it_is_ours(f"container {name}", labels=labels, installation=self._options.installation)
        return there

    def _create(self, api: APIClient, wanted: Wanted, labels: dict[str, str]) -> str:
        """The id of a new container. Its image is pulled where it is not there yet."""
        try:
            return self._create_from_image(api, wanted, labels)
        except ImageNotFound:
            pull(api, wanted.image)
            return self._create_from_image(api, wanted, labels)

    def _create_from_image(self, api: APIClient, wanted: Wanted, labels: dict[str, str]) -> str:
        created = api.create_container(
            wanted.image,
            name=container_name(wanted.workspace_id),
            environment=dict(wanted.environment),
            labels=labels,
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


def pull(api: APIClient, image: str) -> None:
    """The engine answers 200 as soon as it begins; what goes wrong later stands in what it says."""
    try:
        wrong = [said["error"] for said in api.pull(image, stream=True, decode=True) if "error" in said]
    except APIError as error:
        wrong = [error.explanation or str(error)]
    if wrong:
        raise EngineRefused(f"The image {image} cannot be pulled: {wrong[0]}")


def _send(api: APIClient, container_id: str, *, signal: str) -> None:
    """The stop signal, which also tells the engine's restart policy that this end is wanted."""
    try:
        api.kill(container_id, signal=signal)
    except APIError as error:
        if error.status_code not in (CONFLICT, 404):  # it ended, or is gone, meanwhile
            raise


def _found(workspace_id: UUID, container: Mapping[str, Any], *, status: str) -> Found:
    """One as it is listed, or inspected, where the engine says nothing to people."""
    state = STATES.get(status, State.STOPPED)
    return Found(
        workspace_id=workspace_id,
        state=state,
        detail="" if state is State.RUNNING else _detail(container.get("Status", status)),
        handle=container["Id"],
        volumes=frozenset(mount["Name"] for mount in container["Mounts"] if mount.get("Name")),
        **told_by(container.get("Labels")),
    )


def _detail(status: str) -> str:
    """`Exited (137) 5 minutes ago` without the time, which would be another one at each look."""
    said, bracket, _ = status.rpartition(") ")
    return said + bracket.strip() if bracket else status
