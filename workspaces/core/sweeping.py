"""What an engine holds against what should be there: leftovers of removed workspaces, live ones without a container.

Pure, like a plan: `sweep --dry-run` shows it, the worker carries it out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from workspaces.core.steps import State

FEW = 3  # strays that are never doubtful


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A workspace as the database knows it. `settled`: its container is what it should be, as far as anyone knows, so
    nobody is at work on it; None where it has no container row."""

    id: UUID
    name: str
    live: bool
    external: bool = False
    settled: bool | None = None
    keep_volumes: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What the engine holds for one workspace id: the container's state (None: none), the names of its volumes.
    `twice`: it has more than one container."""

    state: State | None = None
    twice: bool = False
    volumes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing to mend; `why` is a sentence for people, `known` None where no workspace has that id."""

    id: UUID
    why: str
    known: Known | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """`ghosts` are held and should be released, `phantoms` should run and do not. Both by id."""

    ghosts: tuple[Finding, ...] = ()
    phantoms: tuple[Finding, ...] = ()
    held: int = 0  # workspace ids that the engine holds anything for

    @property
    def strays(self) -> tuple[Finding, ...]:
        """The ghosts that no removed workspace of ours left behind."""
        return tuple(each for each in self.ghosts if each.known is None or each.known.live)

    @property
    def doubtful(self) -> bool:
        """Whether so much belongs to no workspace that this is more likely the wrong database: a copy, a restored
        backup, one with another site's installation name. Then nobody removes it without being told to."""
        return len(self.strays) > FEW and 2 * len(self.strays) > self.held


FAULTS = {
    None: "its container is gone",
    State.STOPPED: "its container stopped",
    State.STARTING: "its container does not stay up",
}


def plan_sweep(known: Collection[Known], held: Mapping[UUID, Held]) -> Sweep:
    """Compare. `held` must have been asked before `known`: what is made in between belongs to a row already."""
    rows = {row.id: row for row in known}
    ghosts = [finding for key in sorted(held) if (finding := _ghost(key, held[key], rows.get(key)))]
    live = sorted((row for row in known if row.live), key=lambda row: row.id)
    phantoms = [finding for row in live if (finding := _phantom(row, held.get(row.id, Held())))]
    return Sweep(ghosts=tuple(ghosts), phantoms=tuple(phantoms), held=len(held))


def _ghost(key: UUID, held: Held, row: Known | None) -> Finding | None:
    if row is None:
        return Finding(id=key, why="no workspace has this id")
    if row.live:
        return Finding(id=key, why="an external workspace has no container", known=row) if row.external else None
    if row.settled is False or (row.keep_volumes and held.state is None):
        return None  # being released just now, or kept on purpose
    return Finding(id=key, why="its workspace is removed", known=row)


def _phantom(row: Known, held: Held) -> Finding | None:
    if row.external or row.settled is False:
        return None
    if row.settled is None:
        return Finding(id=row.id, why="it never had a container", known=row)
    if held.twice:
        return Finding(id=row.id, why="it has more than one container", known=row)
    if held.state is State.RUNNING:
        return None
    return Finding(id=row.id, why=FAULTS[held.state], known=row)
