"""An engine's things compared with what should be there: leftovers, strays, and live workspaces without a container.

Pure, like a plan: `sweep --dry-run` shows it, the worker carries it out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from workspaces.core.containers.lifecycle import ContainerState


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A workspace as the database knows it. `settled`: its container is as desired, so no worker works on it, as far as
    known; None if it has no container row. `keeps_data`: its volumes stay without a container, for a time or for good;
    the end of that time is no business of the sweep."""

    id: UUID
    name: str
    live: bool
    external: bool = False
    settled: bool | None = None
    keeps_data: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """The engine's things of one workspace id: the container's state (None: none), the names of its volumes, and
    what the container's labels say: the names of workspace and organization, and the epoch. `twice`: it has more than
    one container."""

    state: ContainerState | None = None
    twice: bool = False
    volumes: tuple[str, ...] = ()
    name: str = ""
    organization: str = ""
    epoch: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A workspace of the database whose container is not as desired; `why` is a sentence."""

    id: UUID
    why: str
    known: Known


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """A stray: a thing on the engine without a row in the database. Only a person may destroy it."""

    id: UUID
    why: str
    held: Held

    @property
    def runs(self) -> bool:
        return self.held.state in (ContainerState.RUNNING, ContainerState.STARTING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """Removed workspaces of ours left `leftovers`, `strays` are unknown, `phantoms` should run and do not. All by id.
    `epochs` are those that containers carry."""

    leftovers: tuple[Finding, ...] = ()
    strays: tuple[Unknown, ...] = ()
    phantoms: tuple[Finding, ...] = ()
    epochs: frozenset[str] = frozenset()

    @property
    def clean(self) -> bool:
        return not (self.leftovers or self.strays or self.phantoms)


FAULTS = {
    None: "its container is gone",
    ContainerState.STOPPED: "its container stopped",
    ContainerState.STARTING: "its container does not stay up",
}


def plan_sweep(known: Collection[Known], held: Mapping[UUID, Held]) -> Sweep:
    """Compare. `held` must have been read before `known`: things made in between then have a row already."""
    rows = {row.id: row for row in known}
    live = sorted((row for row in known if row.live), key=lambda row: row.id)
    removed = sorted((row for row in known if not row.live), key=lambda row: row.id)
    return Sweep(
        leftovers=tuple(found for row in removed if (found := _leftover(row, held.get(row.id)))),
        strays=tuple(stray for key in sorted(held) if (stray := _stray(key, held[key], rows.get(key)))),
        phantoms=tuple(found for row in live if (found := _phantom(row, held.get(row.id, Held())))),
        epochs=frozenset(each.epoch for each in held.values() if each.epoch),
    )


def _leftover(row: Known, held: Held | None) -> Finding | None:
    if held is None or row.settled is False or (row.keeps_data and held.state is None):
        return None  # nothing is left, or it is being released, or kept on purpose
    return Finding(id=row.id, why="its workspace is removed", known=row)


def _stray(key: UUID, held: Held, row: Known | None) -> Unknown | None:
    if row is None:
        return Unknown(id=key, why="no workspace has this id", held=held)
    kept = row.keeps_data and (held.state is None or row.settled is False)  # its container went, or is on its way
    if row.live and row.external and not kept:
        return Unknown(id=key, why="an external workspace has no container", held=held)
    return None


def _phantom(row: Known, held: Held) -> Finding | None:
    if row.external or row.settled is False:
        return None
    if row.settled is None:
        return Finding(id=row.id, why="it never had a container", known=row)
    if held.twice:
        return Finding(id=row.id, why="it has more than one container", known=row)
    if held.state is ContainerState.RUNNING:
        return None
    return Finding(id=row.id, why=FAULTS[held.state], known=row)
