"""The protocol of a container engine, and the values that cross it.

All methods are idempotent: one that was interrupted can be called again, and continues from the state it finds. All
raise `EngineAway` if the engine does not answer, and `EngineRefused` with its message if it answers with an error. No
method touches anything without this installation's label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable
from uuid import UUID

from workspaces.core.containers.lifecycle import ContainerState


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerLimits:
    """Limits of a container; None is no limit. `memory` is in bytes, `cpus` in processors."""

    memory: int | None = None
    cpus: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A workspace that should run. `config` is a tar archive, the content of its config volume. A container of another
    `generation` is replaced, even if it runs. `epoch` identifies the last event in the database at the time of the
    decision (`core.containers.epoch_mark`), "" if there was none. `configuration` is the number of `config`. `node` is
    the machine that has its volumes, "" for any: a new container starts there, as long as they are there."""

    workspace_id: UUID
    organization: str
    name: str
    image: str
    environment: Mapping[str, str] = field(default_factory=dict)
    config: bytes = b""
    limits: ContainerLimits = ContainerLimits()
    generation: int = 1
    configuration: int = 1
    epoch: str = ""
    node: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """The newest content of a running container's config volume, and its number."""

    workspace_id: UUID
    config: bytes
    configuration: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundContainer:
    """A container (or service) of this installation. `detail` is the engine's message for a state other than running,
    `node` its machine if the engine has several, `handle` the engine's id for it, which is never reused, `volumes` the
    names of its volumes if the engine lists them with it. `name`, `organization` and `epoch` come from its labels.

    A workspace has one container. If there are more (after somebody renamed one), `others` are the handles of those
    that the next start removes, and `state` is the liveliest of all."""

    workspace_id: UUID
    state: ContainerState
    detail: str = ""
    node: str = ""
    handle: str = ""
    volumes: frozenset[str] = frozenset()
    name: str = ""
    organization: str = ""
    epoch: str = ""
    others: tuple[str, ...] = ()
    generation: int = 1

    @property
    def handles(self) -> tuple[str, ...]:
        return (self.handle, *self.others)

    def fits(self, generation: int) -> bool:
        """Whether it is the only container of its workspace, and of this generation."""
        return not self.others and self.generation == generation


class Engine(Protocol):
    """A container engine."""

    def check(self) -> str:
        """One line about the engine, such as its version."""

    def nodes(self) -> Mapping[str, bool]:
        """The names of its machines, each with whether it can run a container now; none if it has one only, or if all
        of them reach the same volumes."""

    def start(self, wanted: Wanted) -> None:
        """Make the volumes and the container, fill the config volume, start it.

        A running container of that workspace and generation runs on, under any name; others beside it are removed. One
        that does not run, or of another generation, is replaced: it may lack the configuration or have an access token
        that is no longer valid. It is stopped once the image is there: if that cannot be had, it runs on. Its volumes
        keep their content.
        """

    def request_stop(self, workspace_id: UUID, *, found: FoundContainer | None = None) -> None:
        """Send the container its stop signal and return at once, so that many containers can stop at the same time."""

    def kill(self, workspace_id: UUID) -> None:
        """End a container that ignored its stop signal. The stopped container and its volumes remain."""

    def remove(
        self, workspace_id: UUID, *, keep_volumes: bool, found: FoundContainer | None = None, node: str = ""
    ) -> None:
        """Remove the container, running or not, then the volumes unless they are kept; return when they are gone.

        `found` is its entry of `containers` from a moment ago, which saves a look-up. `node` is the machine with its
        volumes, as far as known.
        """

    def containers(self) -> Mapping[UUID, FoundContainer]:
        """All containers of this installation, in one request."""

    def volumes(self) -> Mapping[UUID, tuple[str, ...]]:
        """The names of all volumes of this installation, by workspace, in one request."""

    def sizes(self) -> Mapping[UUID, int]:
        """Bytes in the volumes of each workspace, if the engine knows. It counts them, which may take long."""


@runtime_checkable
class DeliveringEngine(Engine, Protocol):
    """An engine that can change the files of a running container."""

    def deliver(self, delivery: Delivery, *, found: FoundContainer | None = None) -> None:
        """Write the files into the config volume of the workspace's container; its process is not touched. Other files
        there stay. `found` as for `remove`. Raises EngineRefused if it has no container."""


def delivers(engine: str) -> bool:
    """Whether the engine of that name (ORGSITE_ENGINE) is a `DeliveringEngine`: asked where no engine is at hand."""
    return engine != "swarm"
