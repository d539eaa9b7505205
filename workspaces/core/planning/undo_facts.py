"""The facts that an undo is planned from: what a run did, what became of it, and what templates had said before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from workspaces.core.containers.data_policy import DataFate
from workspaces.core.planning.operations import Kind

NOTHING: Mapping[str, Any] = {}


class Spot(NamedTuple):
    """The place of a workspace as a run stored it, and the fields that changed with it, as they were there."""

    parent_id: UUID | None
    name: str
    fields: Mapping[str, Any] = NOTHING


class DoneOperation(NamedTuple):
    """One operation of a run, as it was carried out. `trail` are the names from the root at that time. `run` is None
    for a removal from before there were runs."""

    run: UUID | None
    kind: Kind
    workspace: UUID
    name: str
    trail: tuple[str, ...]
    before: Spot | None = None
    after: Spot | None = None


class PastRow(NamedTuple):
    """A removed workspace as it stands. `node` is the machine that has its data, if that does not answer, or had it, if
    it has left the engine: then its data counts as destroyed."""

    id: UUID
    parent_id: UUID | None
    name: str
    removed_by: UUID | None
    protected: bool = False
    external: bool = False
    tier: int = 2
    data: DataFate = DataFate.NONE
    node: str = ""


class Memory(NamedTuple):
    """The last word of a template about a workspace before a run, and marks of its word after it."""

    declared: Mapping[str, Any] | None
    declared_digest: str
    differs: str
    template: str
    digest_since: str
    differs_since: str
    template_since: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PastFacts:
    """The operations to take back, in their order; by id the workspaces among them that are removed now, and the
    memories of the run. `files` are the digests of contents that are still stored, of those that it took away. `again`
    are runs that did the same once more: undos of its undos."""

    done: tuple[DoneOperation, ...]
    removed: Mapping[UUID, PastRow]
    memories: Mapping[UUID, Memory] = field(default_factory=dict)
    files: frozenset[str] = frozenset()
    again: frozenset[UUID] = frozenset()
