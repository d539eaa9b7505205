"""A `Rig` is a test driver for one kind of engine: it makes engines and inspects containers and volumes from outside,
so that one suite of contract tests runs against the fake engine, Docker and Swarm."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol
from uuid import UUID, uuid4

from docker import APIClient
from docker.types import ContainerSpec, Mount, ServiceMode, TaskTemplate

from tests.machines import Machine, clear
from workspaces.engines.base import ContainerLimits, ContainerState, Engine, Wanted
from workspaces.engines.docker.docker_engine import DockerEngine
from workspaces.engines.docker.swarm_engine import SwarmEngine
from workspaces.engines.fake import FakeContainer, FakeEngine, Host, Volume
from workspaces.engines.naming import volume_names
from workspaces.engines.options import Options

PATIENCE = 120  # seconds


class Rig(Protocol):
    """The interface of a test driver for an engine."""

    def engine(self, installation: str = "default", **options: Any) -> Engine: ...
    def identity(self, workspace_id: UUID) -> str: ...
    def labels(self, workspace_id: UUID) -> Mapping[str, str]: ...
    def environment(self, workspace_id: UUID) -> Mapping[str, str]: ...
    def read(self, workspace_id: UUID, path: str) -> str: ...
    def write(self, workspace_id: UUID, path: str, text: str) -> None: ...
    def volume_labels(self) -> Mapping[str, Mapping[str, str]]: ...
    def add_container(self, name: str, labels: Mapping[str, str]) -> None: ...
    def add_volume(self, name: str, labels: Mapping[str, str]) -> None: ...
    def container_names(self) -> set[str]: ...
    def break_off(self) -> None:
        """From now on the engines that this rig makes do not answer."""


def wanted(workspace_id: UUID | None = None, **changes: Any) -> Wanted:
    values: dict[str, Any] = {
        "workspace_id": workspace_id or uuid4(),
        "organization": "acme",
        "name": "Dev Lead ›",
        "image": "orgsite-polite:1",
        "environment": {"ORGSITE_URL": "http://10.0.0.1:8000", "SAID": 'a "word" of\ntwo lines'},
        "config": packed({"sub/hello.txt": "hello", "CLAUDE.md": "be polite"}),
        "limits": ContainerLimits(memory=64 * 1024**2, cpus=0.5),
    }
    return Wanted(**values | changes)


def packed(files: Mapping[str, str]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text.encode()), 0o644
            tar.addfile(member, io.BytesIO(text.encode()))
    return archive.getvalue()


def wait_for(happens: Callable[[], Any], *, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, f"It did not happen within {seconds} seconds."
        time.sleep(0.1)


def wait_for_state(engine: Engine, workspace_id: UUID, state: ContainerState, *, seconds: float = PATIENCE) -> None:
    wait_for(lambda: (found := engine.containers().get(workspace_id)) and found.state is state, seconds=seconds)


class FakeRig:
    def __init__(self) -> None:
        self.host, self._away = Host(), False

    def engine(self, installation: str = "default", **options: Any) -> Engine:
        engine = FakeEngine(installation=installation, host=self.host)
        engine.knobs.away = self._away
        engine.knobs.stubborn_images = frozenset({"orgsite-stubborn:1"})
        engine.knobs.images = frozenset({"orgsite-polite:1", "orgsite-stubborn:1"})
        return engine

    def identity(self, workspace_id: UUID) -> str:
        container = self._container(workspace_id)
        return f"{container.id} {container.started_at}"

    def labels(self, workspace_id: UUID) -> Mapping[str, str]:
        return self._container(workspace_id).labels

    def identity_of(self, name: str) -> str:
        return self.host.containers[name].id

    def environment(self, workspace_id: UUID) -> Mapping[str, str]:
        return self._container(workspace_id).environment

    def read(self, workspace_id: UUID, path: str) -> str:
        return self._volume(workspace_id, path).files[path.split("/", 2)[2]].decode()

    def write(self, workspace_id: UUID, path: str, text: str) -> None:
        self._volume(workspace_id, path).files[path.split("/", 2)[2]] = text.encode()

    def volume_labels(self) -> Mapping[str, Mapping[str, str]]:
        return {name: volume.labels for name, volume in self.host.volumes.items()}

    def add_container(self, name: str, labels: Mapping[str, str]) -> None:
        self.host.containers[name] = FakeContainer(labels=labels)

    def add_volume(self, name: str, labels: Mapping[str, str]) -> None:
        self.host.volumes[name] = Volume(labels=labels)

    def container_names(self) -> set[str]:
        return set(self.host.containers)

    def rename(self, name: str, to: str) -> None:
        self.host.containers[to] = self.host.containers.pop(name)

    def copy(self, workspace_id: UUID, *, name: str, mounts: bool, labels: bool = True) -> None:
        mounted = frozenset(volume_names(workspace_id).values()) if mounts else frozenset()
        carried = self.labels(workspace_id) if labels else {}
        self.host.containers[name] = FakeContainer(labels=carried, mounts=mounted, image="orgsite-polite:1")

    def break_off(self) -> None:
        self._away = True

    def close(self) -> None:
        pass

    def _container(self, workspace_id: UUID) -> FakeContainer:
        """Whatever it is called."""
        ours = (each for each in self.host.containers.values() if each.mounts >= {f"ws-{workspace_id}-data"})
        return next(ours)

    def _volume(self, workspace_id: UUID, path: str) -> Volume:
        return self.host.volumes[volume_names(workspace_id)[f"/{path.split('/')[1]}"]]


class RealRig:
    """The common part for Docker and Swarm: containers and volumes on one or more machines."""

    def __init__(self, machines: tuple[Machine, ...]) -> None:
        self.machines, self._engines = machines, ExitStack()
        self.address = machines[0].address

    def identity(self, workspace_id: UUID) -> str:
        container = self.inspect(workspace_id)
        return f"{container['Id']} {container['State']['StartedAt']}"

    def labels(self, workspace_id: UUID) -> Mapping[str, str]:
        labels = self.inspect(workspace_id)["Config"]["Labels"]
        return {name: value for name, value in labels.items() if not name.startswith("com.docker.")}

    def environment(self, workspace_id: UUID) -> Mapping[str, str]:
        return dict(line.split("=", 1) for line in self.inspect(workspace_id)["Config"]["Env"] or ())

    def read(self, workspace_id: UUID, path: str) -> str:
        return self.run(workspace_id, "cat", path)

    def write(self, workspace_id: UUID, path: str, text: str) -> None:
        self.run(workspace_id, "sh", "-c", f"echo -n '{text}' >{path}")

    def run(self, workspace_id: UUID, *command: str) -> str:
        with self._running(workspace_id) as (api, container_id):
            started = api.exec_create(container_id, list(command))
            return api.exec_start(started["Id"]).decode()

    def inspect(self, workspace_id: UUID) -> dict[str, Any]:
        with self._running(workspace_id) as (api, container_id):
            return api.inspect_container(container_id)

    def happened(self, workspace_id: UUID, image: str, *, since: int) -> list[str]:
        """What the engine with its container did to that and to the image, in order."""
        label = str(workspace_id)
        told: list[dict[str, Any]] = []
        for api in self._apis():
            told += api.events(since=since, until=int(time.time()) + 1, decode=True)
        about = [each for each in told if each["Actor"]["Attributes"].get("orgsite.workspace") == label]
        pulled = [each for each in told if each["Action"] == "pull" and each["Actor"]["ID"] == image]
        return [each["Action"] for each in sorted([*about, *pulled], key=lambda each: each["timeNano"])]

    def volume_labels(self) -> Mapping[str, Mapping[str, str]]:
        found = {}
        for api in self._apis():
            found |= {volume["Name"]: volume["Labels"] or {} for volume in api.volumes()["Volumes"] or ()}
        return found

    def add_volume(self, name: str, labels: Mapping[str, str]) -> None:
        with self.machines[0].api() as api:
            api.create_volume(name, labels=dict(labels))

    def break_off(self) -> None:
        self.address = "unix:///nowhere/sock"

    def close(self) -> None:
        self._engines.close()
        for api in self._apis():
            clear(api)

    def _keep(self, engine: Any) -> Any:
        self._engines.callback(engine.close)
        return engine

    def _apis(self) -> Iterator[APIClient]:
        for machine in self.machines:
            with machine.api() as api:
                yield api

    @contextmanager
    def _running(self, workspace_id: UUID) -> Iterator[tuple[APIClient, str]]:
        only = {"label": [f"orgsite.workspace={workspace_id}"], "status": ["running"]}
        for api in self._apis():
            for container in api.containers(filters=only):
                yield api, container["Id"]
                return
        raise AssertionError(f"No container of {workspace_id} is running.")


class DockerRig(RealRig):
    def engine(self, installation: str = "default", **options: Any) -> Engine:
        given = {"network": "host", "grace": 2, "timeout": 20} | options
        return self._keep(DockerEngine(Options(installation=installation, address=self.address, **given)))

    def add_container(self, name: str, labels: Mapping[str, str]) -> None:
        with self.machines[0].api() as api:
            config = api.create_host_config(network_mode="host")
            made = api.create_container("orgsite-polite:1", name=name, labels=dict(labels), host_config=config)
            api.start(made["Id"])

    def container_names(self) -> set[str]:
        with self.machines[0].api() as api:
            return {name.lstrip("/") for each in api.containers(all=True) for name in each["Names"]}

    def identity_of(self, name: str) -> str:
        with self.machines[0].api() as api:
            return str(api.inspect_container(name)["Id"])

    def rename(self, name: str, to: str) -> None:
        with self.machines[0].api() as api:
            api.rename(name, to)

    def copy(self, workspace_id: UUID, *, name: str, mounts: bool, labels: bool = True) -> None:
        """From an image made of the container: that carries its labels on."""
        with self.machines[0].api() as api:
            api.commit(self.inspect(workspace_id)["Id"], repository="orgsite-copied", tag="1")
            volumes = [Mount(place, volume) for place, volume in volume_names(workspace_id).items()] if mounts else []
            image = "orgsite-copied:1" if labels else "orgsite-polite:1"
            config = api.create_host_config(network_mode="host", mounts=volumes)
            api.start(api.create_container(image, name=name, host_config=config)["Id"])


class SwarmRig(RealRig):
    def engine(self, installation: str = "default", **options: Any) -> Engine:
        away = self.address != self.machines[0].address
        nodes = {each.hostname: self.address if away else each.address for each in self.machines}
        given = {"network": "host", "grace": 2, "timeout": 20, "nodes": nodes} | options
        return self._keep(SwarmEngine(Options(installation=installation, address=self.address, **given)))

    def add_container(self, name: str, labels: Mapping[str, str]) -> None:
        with self.machines[0].api() as api:
            template = TaskTemplate(ContainerSpec("orgsite-polite:1"), networks=["host"])
            api.create_service(template, name=name, labels=dict(labels), mode=ServiceMode("replicated", 1))

    def container_names(self) -> set[str]:
        """The services, and the containers that are no service's any more."""
        with self.machines[0].api() as api:
            services = {service["Spec"]["Name"] for service in api.services()}
        containers = [each["Labels"].get("com.docker.swarm.service.name", each["Id"]) for each in self._containers()]
        return services | set(containers)

    def configs(self) -> set[str]:
        with self.machines[0].api() as api:
            return {config["Spec"]["Name"] for config in api.configs()}

    def close(self) -> None:
        with self.machines[0].api() as api:
            for service in api.services():
                api.remove_service(service["ID"])
            for config in api.configs():
                api.remove_config(config["ID"])
        super().close()

    def _containers(self) -> list[dict[str, Any]]:
        return [container for api in self._apis() for container in api.containers(all=True)]
