"""An engine in memory: for tests, and for trying the product without Docker.

Its state lives as long as the process. A `Host` stands for the machine; engines of several installations may share one,
as they may share a Docker Engine. All methods are thread-safe.
"""

from __future__ import annotations

import io
import tarfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from uuid import UUID, uuid4

from workspaces.core.containers.lifecycle import ContainerState
from workspaces.engines.base import Delivery, FoundContainer, Wanted
from workspaces.engines.naming import (
    CONFIG,
    WORKSPACE,
    container_labels,
    container_name,
    fields_of_labels,
    generation_of,
    labels_of,
    owner_of,
    require_ours,
    volume_names,
)
from workspaces.errors import EngineAway, EngineRefused


@dataclass(kw_only=True)
class FakeContainer:
    labels: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    running: bool = True
    mounts: frozenset[str] = frozenset()
    node: str = ""
    id: str = field(default_factory=lambda: uuid4().hex)
    started_at: float = field(default_factory=time.monotonic)


Named = tuple[str, FakeContainer]


@dataclass(kw_only=True)
class Volume:
    labels: Mapping[str, str]
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(kw_only=True)
class Host:
    """The containers and volumes of a machine, by name."""

    containers: dict[str, FakeContainer] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)


@dataclass(kw_only=True)
class Knobs:
    """Faults to inject. `stubborn` workspaces and images ignore the stop signal. `refusing` has the messages of
    refusals. `images` are those that can be pulled, None for any. `takes` is the duration of each call, in seconds.
    `nodes` are the machines that can run something, as of a swarm, `down` those that can't just now."""

    away: bool = False
    takes: float = 0.0
    images: frozenset[str] | None = None
    stubborn: set[UUID] = field(default_factory=set)
    stubborn_images: frozenset[str] = frozenset()
    refusing: dict[UUID, str] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    down: tuple[str, ...] = ()


class FakeEngine:
    """`calls` are all calls about a workspace, in the order of their beginning. `overlapping` are the workspaces that
    two threads worked on at the same time."""

    def __init__(self, *, installation: str = "default", host: Host | None = None) -> None:
        self.host = host or Host()
        self.knobs = Knobs()
        self.calls: list[tuple[str, UUID]] = []
        self.overlapping: set[UUID] = set()
        self._installation = installation
        self._working: list[UUID] = []

    def check(self) -> str:
        self._answer()
        return "In memory, for trying things out"

    def nodes(self) -> Mapping[str, bool]:
        return dict.fromkeys(self.knobs.nodes, True) | dict.fromkeys(self.knobs.down, False)

    def start(self, wanted: Wanted) -> None:
        with self._recorded("start", wanted.workspace_id):
            found = self._containers(wanted.workspace_id)
            keeps = any(each.running and _is_of(each, wanted) for _, each in found[:1])
            volumes = self._make_volumes(wanted.workspace_id, labels_of(wanted, installation=self._installation))
            node = "" if keeps else self._node_for(wanted)
            if not keeps:
                self._pull(wanted)
            for name, _ in found[keeps:]:
                del self.host.containers[name]
            volumes[CONFIG].files |= _unpacked(wanted.config)
            if keeps:
                return
            self.host.containers[container_name(wanted.workspace_id)] = FakeContainer(
                labels=container_labels(wanted, installation=self._installation),
                environment=dict(wanted.environment),
                image=wanted.image,
                mounts=frozenset(volume_names(wanted.workspace_id).values()),
                node=node,
            )

    def deliver(self, delivery: Delivery, *, found: FoundContainer | None = None) -> None:
        with self._recorded("deliver", delivery.workspace_id):
            if not self._containers(delivery.workspace_id):
                raise EngineRefused(f"There is no container of {delivery.workspace_id}.")
            config = volume_names(delivery.workspace_id)[CONFIG]
            self.host.volumes[config].files |= _unpacked(delivery.config)

    def request_stop(self, workspace_id: UUID, *, found: FoundContainer | None = None) -> None:
        with self._recorded("request_stop", workspace_id):
            for _, each in self._containers(workspace_id):
                each.running = each.running and self._is_stubborn(workspace_id, each)

    def kill(self, workspace_id: UUID) -> None:
        with self._recorded("kill", workspace_id):
            for _, each in self._containers(workspace_id):
                each.running = False

    def remove(
        self, workspace_id: UUID, *, keep_volumes: bool, found: FoundContainer | None = None, node: str = ""
    ) -> None:
        with self._recorded("remove", workspace_id):
            for name, _ in self._containers(workspace_id):
                del self.host.containers[name]
            for name in () if keep_volumes else self._volumes(workspace_id):
                del self.host.volumes[name]

    def containers(self) -> Mapping[UUID, FoundContainer]:
        self._answer()
        with self.host.lock:
            owned = defaultdict(list)
            for name, each in self.host.containers.items():
                owned[self._owner_of(name, each)].append((name, each))
            return {owner: _found(owner, _ordered(owner, containers)) for owner, containers in owned.items() if owner}

    def volumes(self) -> Mapping[UUID, tuple[str, ...]]:
        self._answer()
        with self.host.lock:
            names = defaultdict(list)
            for name, volume in sorted(self.host.volumes.items()):
                names[self._owner_of(name, volume)].append(name)
            return {owner: tuple(of_one) for owner, of_one in names.items() if owner}

    def sizes(self) -> Mapping[UUID, int]:
        with self.host.lock:
            volumes = self.host.volumes
            return {
                owner: sum(len(content) for name in names for content in volumes[name].files.values())
                for owner, names in self.volumes().items()
            }

    def _node_for(self, wanted: Wanted) -> str:
        nodes = self.knobs.nodes
        if nodes and wanted.node and wanted.node not in nodes:
            raise EngineRefused(f"No suitable node: {wanted.node} takes no containers.")
        return wanted.node or (nodes[0] if nodes else "")

    def _pull(self, wanted: Wanted) -> None:
        if self.knobs.images is not None and wanted.image not in self.knobs.images:
            raise EngineRefused(f"The image {wanted.image} cannot be pulled: there is none of that name.")

    def _containers(self, workspace_id: UUID) -> list[Named]:
        """All containers of the workspace, with their names, first the one to keep."""
        name = container_name(workspace_id)
        if named := self.host.containers.get(name):
            require_ours(f"container {name}", labels=named.labels, installation=self._installation)
        labelled = [each for each in self.host.containers.items() if each[1].labels.get(WORKSPACE) == str(workspace_id)]
        return _ordered(workspace_id, [each for each in labelled if self._owner_of(*each) == workspace_id])

    def _volumes(self, workspace_id: UUID) -> list[str]:
        names = sorted(name for name in volume_names(workspace_id).values() if name in self.host.volumes)
        for name in names:
            labels = self.host.volumes[name].labels
            require_ours(f"volume {name}", labels=labels, installation=self._installation)
        return names

    def _make_volumes(self, workspace_id: UUID, labels: Mapping[str, str]) -> dict[str, Volume]:
        """The volumes of the workspace, by their paths in a container."""
        self._volumes(workspace_id)
        return {
            place: self.host.volumes.setdefault(name, Volume(labels=labels))
            for place, name in volume_names(workspace_id).items()
        }

    def _owner_of(self, name: str, thing: FakeContainer | Volume) -> UUID | None:
        mounted = thing.mounts if isinstance(thing, FakeContainer) else ()
        return owner_of(name, labels=thing.labels, installation=self._installation, mounted=mounted)

    def _is_stubborn(self, workspace_id: UUID, container: FakeContainer) -> bool:
        return workspace_id in self.knobs.stubborn or container.image in self.knobs.stubborn_images

    def _answer(self) -> None:
        time.sleep(self.knobs.takes)
        if self.knobs.away:
            raise EngineAway("The container engine does not answer: it was told not to.")

    @contextmanager
    def _recorded(self, call: str, workspace_id: UUID) -> Iterator[None]:
        with self.host.lock:
            self.calls.append((call, workspace_id))
            if workspace_id in self._working:
                self.overlapping.add(workspace_id)
            self._working.append(workspace_id)
        try:
            self._answer()
            if message := self.knobs.refusing.get(workspace_id):
                raise EngineRefused(message)
            with self.host.lock:
                yield
        finally:
            with self.host.lock:
                self._working.remove(workspace_id)


def _ordered(workspace_id: UUID, containers: list[Named]) -> list[Named]:
    name = container_name(workspace_id)
    return sorted(containers, key=lambda each: (each[0] != name, not each[1].running, each[1].id))


def _found(workspace_id: UUID, containers: list[Named]) -> FoundContainer:
    first, *others = (each for _, each in containers)
    running = any(each.running for each in (first, *others))
    return FoundContainer(
        workspace_id=workspace_id,
        state=ContainerState.RUNNING if running else ContainerState.STOPPED,
        detail="" if running else "Exited (0)",
        handle=first.id,
        node=first.node,
        others=tuple(each.id for each in others),
        volumes=first.mounts,
        **fields_of_labels(first.labels),
    )


def _is_of(container: FakeContainer, wanted: Wanted) -> bool:
    return generation_of(container.labels) == wanted.generation


def _unpacked(archive: bytes) -> dict[str, bytes]:
    """The files of a tar archive, by name."""
    if not archive:
        return {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        opened = ((member.name, tar.extractfile(member)) for member in tar)
        return {name: file.read() for name, file in opened if file}
