"""What the product asks of a container engine: a narrow protocol, and the values that cross it.

Every method may be called again after it was cut off anywhere: it finds what is there and goes on. "Already so" is
success. All raise `EngineAway` where the engine does not answer and `EngineRefused` with its own words where it
answers no. Nothing that lacks this installation's label is ever touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from workspaces.core.containers.lifecycle import State


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerLimits:
    """What a container may use at most; None is no limit. `memory` in bytes, `cpus` in processors."""

    memory: int | None = None
    cpus: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A workspace that should run. `config` is a tar archive: the content of its config volume. A container of another
    `generation` than this one is replaced, even where it runs. `epoch` is the label that says which events the
    database held when this was decided, "" where it held none."""

    workspace_id: UUID
    organization: str
    name: str
    image: str
    environment: Mapping[str, str] = field(default_factory=dict)
    config: bytes = b""
    limits: ContainerLimits = ContainerLimits()
    generation: int = 1
    epoch: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundContainer:
    """A container (or service) of this installation. `detail` is the engine's own word on a state that is not running;
    `node` the machine it is on, where the engine has several. `handle` is the engine's own name for it, which no other
    one ever gets, and `volumes` are the names of those it has, where the engine tells that with the rest. `name`,
    `organization` and `epoch` are what its labels say, as it was made.

    A workspace has one container. Where there are more, somebody renamed one, say, `others` are the handles of those
    that the next start removes, and `state` is the liveliest of all."""

    workspace_id: UUID
    state: State
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
        """Whether it is the only one, and of this generation."""
        return not self.others and self.generation == generation


class Engine(Protocol):
    """Where the containers are."""

    def check(self) -> str:
        """One line about the engine, such as its version."""

    def start(self, wanted: Wanted) -> None:
        """Make the volumes and the container, fill the config volume, start it.

        A running container of that workspace and generation stays as it is, whatever its name; others beside it are
        removed. One that does not run, or of another generation, is replaced: it may lack the configuration, or hold
        an access token that is no longer valid. It is asked to stop before. Its volumes keep what is in them.
        """

    def ask_to_stop(self, workspace_id: UUID, *, found: FoundContainer | None = None) -> None:
        """Send the container its stop signal and return at once: who asks many waits for all of them together."""

    def kill(self, workspace_id: UUID) -> None:
        """End a container that went on after it was asked to stop. It stays, stopped, and so do its volumes."""

    def remove(self, workspace_id: UUID, *, keep_volumes: bool, found: FoundContainer | None = None) -> None:
        """Remove the container, running or not, then the volumes unless they are kept; see that they are gone.

        `found` is what `containers` told of it a moment ago: it need not be looked up again.
        """

    def containers(self) -> Mapping[UUID, FoundContainer]:
        """All containers of this installation, in one request."""

    def volumes(self) -> Mapping[UUID, tuple[str, ...]]:
        """The names of all volumes of this installation, by workspace, in one request."""

    def sizes(self) -> Mapping[UUID, int]:
        """Bytes in the volumes of each workspace, where the engine can tell. It counts them, which may take long."""
