"""Read the past that an undo is planned from: operations, removed rows, memories. A fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from workspaces.core.containers.lifecycle import Desired
from workspaces.core.planning.plan_values import Kind
from workspaces.core.planning.undo_facts import Data, DoneOperation, PastFacts, PastRow, Spot
from workspaces.core.planning.undo_fields import FILES
from workspaces.models import FileSet, ImportRun, Installation, RunOperation, Status, Workspace
from workspaces.services.containers.desired_state import engine_runs
from workspaces.services.plans.memories import memories_of

OPERATION = ("run_id", "kind", "workspace_id", "name", "path", "before", "after")
CONTAINER = ("desired", "keep_volumes", "purge_at", "purged_at", "node")
OWN = 7  # fields of a PastRow that are its own columns
MADE = (Kind.CREATE, Kind.RESTORE)


def past_of(run: ImportRun) -> PastFacts:
    """The past of a run: five queries at most."""
    rows = RunOperation.objects.filter(run=run).order_by("seq").values_list(*OPERATION)
    done = tuple(
        DoneOperation(by, Kind(kind), key, name, tuple(path), _spot(before), _spot(after))
        for by, kind, key, name, path, before, after in rows
    )
    return PastFacts(
        done=done,
        removed=_removed([each.workspace for each in done if each.kind not in MADE]),
        memories=memories_of(run),
        files=_stored(done),
    )


def past_of_removed(ids: Collection[UUID]) -> PastFacts:
    """The past of single removed workspaces, each with what went with it by the same removal."""
    chosen = Workspace.objects.filter(id__one_of=ids, status=Status.REMOVED)
    removals = set(chosen.order_by().values_list("removed_by", "removed_at"))
    below = Workspace.objects.filter(id__one_of=Workspace.objects.subtree_ids(ids), status=Status.REMOVED)
    together = [
        (by, key)
        for key, by, at in below.order_by("removed_at", "pk").values_list("pk", "removed_by", "removed_at")
        if (by, at) in removals
    ]
    removed = _removed([key for _, key in together])
    paths = Workspace.objects.paths(removed.keys())
    rows = ((by, removed[key]) for by, key in together)
    done = tuple(
        DoneOperation(by, Kind.REMOVE, row.id, row.name, paths[row.id], Spot(row.parent_id, row.name))
        for by, row in rows
    )
    return PastFacts(done=done, removed=removed)


def _spot(stored: dict[str, Any] | None) -> Spot | None:
    if stored is None:
        return None
    parent = stored["parent_id"]
    return Spot(UUID(parent) if parent else None, stored["name"], stored.get("fields") or {})


def _removed(ids: Collection[UUID]) -> dict[UUID, PastRow]:
    if not ids:
        return {}
    rows = Workspace.objects.filter(id__one_of=ids, status=Status.REMOVED).order_by()
    nodes = _nodes_that_answer()
    own, container = PastRow._fields[:OWN], [f"container__{name}" for name in CONTAINER]
    return {
        row[0]: PastRow._make((*row[:OWN], _data(*row[OWN:-1]), _missing(row[-1], nodes)))
        for row in rows.values_list(*own, *container)
    }


def _data(desired: str | None, keep: bool | None, purge_at: datetime | None, purged_at: datetime | None) -> Data:
    """Without an engine there is no data to lose."""
    if desired is None or not engine_runs():
        return Data.NONE
    if purged_at is not None:
        return Data.DESTROYED
    return Data.KEPT if keep or purge_at is not None or desired != Desired.ABSENT else Data.GOING


def _nodes_that_answer() -> frozenset[str]:
    nodes = Installation.objects.values_list("nodes", flat=True).first()
    return frozenset(nodes or ())


def _missing(node: str | None, nodes: frozenset[str]) -> str:
    """The machine with the data, if the engine has several and this one does not answer."""
    return node if node and nodes and node not in nodes else ""


def _stored(done: Iterable[DoneOperation]) -> frozenset[str]:
    """The contents that the run took away and that are still there."""
    wanted = {each.before.fields[FILES] for each in done if each.before and each.before.fields.get(FILES)}
    return frozenset(FileSet.objects.filter(pk__one_of=wanted).values_list("pk", flat=True)) if wanted else frozenset()
