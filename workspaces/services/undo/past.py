"""Read the past that an undo is planned from: operations, removed rows, memories. A fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from workspaces.core.containers.data_policy import DataFate, fate_of
from workspaces.core.planning.plan_values import Kind
from workspaces.core.planning.undo_facts import DoneOperation, PastFacts, PastRow, Spot
from workspaces.core.planning.undo_fields import FILES
from workspaces.models import FileSet, ImportRun, Organization, RunOperation, Status, Workspace
from workspaces.services.containers.desired_state import engine_runs
from workspaces.services.containers.installation import last_seen
from workspaces.services.plans.memories import memories_of

OPERATION = ("run_id", "kind", "workspace_id", "name", "path", "before", "after")
CONTAINER = ("desired", "keep_volumes", "purge_at", "purged_at", "node")
OWN = 7  # fields of a PastRow that are its own columns
MADE = (Kind.CREATE, Kind.RESTORE)


def past_of(run: ImportRun) -> PastFacts:
    """The past of a run: six queries, and one more for each time that it was done again."""
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
        again=_done_again(run),
    )


def _done_again(run: ImportRun) -> frozenset[UUID]:
    """The undos of its undos, and of theirs: what those removed, it would have removed."""
    found: set[UUID] = set()
    latest = {run.pk}
    while latest:
        again = ImportRun.objects.filter(undoes__undoes__in=latest, state=ImportRun.State.COMPLETED)
        latest = set(again.order_by().values_list("pk", flat=True)) - found
        found |= latest
    return frozenset(found)


def past_of_removed(organization: Organization, ids: Collection[UUID]) -> PastFacts:
    """The past of single removed workspaces of the organization, each with what went with it by the same removal."""
    below = Workspace.objects.filter(organization=organization, id__one_of=Workspace.objects.subtree_ids(ids))
    rows = below.filter(status=Status.REMOVED).order_by("removed_at", "pk")
    gone = {row.id: row for row in map(GoneRow._make, rows.values_list(*GoneRow._fields))}
    together = _with_what_went_with_them(gone, ids)
    removed = _removed(together)
    paths = Workspace.objects.paths(removed.keys())
    done = tuple(
        DoneOperation(row.removed_by, Kind.REMOVE, row.id, row.name, paths[row.id], Spot(row.parent_id, row.name))
        for row in (removed[key] for key in together if key in removed)  # in their order, and still removed
    )
    return PastFacts(done=done, removed=removed)


class GoneRow(NamedTuple):
    """A removed workspace with its removal: the run, unless it is older than runs, and the moment."""

    id: UUID
    parent_id: UUID | None
    removed_by: UUID | None
    removed_at: datetime


def _with_what_went_with_them(gone: Mapping[UUID, GoneRow], chosen: Iterable[UUID]) -> list[UUID]:
    """The chosen ones, and below each what the same removal took."""
    below: defaultdict[UUID | None, list[GoneRow]] = defaultdict(list)
    for row in gone.values():
        below[row.parent_id].append(row)
    found: set[UUID] = set()
    stack = [gone[key] for key in chosen if key in gone]
    while stack:
        row = stack.pop()
        if row.id not in found:
            found.add(row.id)
            stack += [each for each in below[row.id] if each[2:] == row[2:]]
    return [key for key in gone if key in found]


def _spot(stored: dict[str, Any] | None) -> Spot | None:
    if stored is None:
        return None
    parent = stored["parent_id"]
    return Spot(UUID(parent) if parent else None, stored["name"], stored.get("fields") or {})


def _removed(ids: Collection[UUID]) -> dict[UUID, PastRow]:
    if not ids:
        return {}
    rows = Workspace.objects.filter(id__one_of=ids, status=Status.REMOVED).order_by()
    nodes: Mapping[str, bool] = last_seen().nodes
    own, container = PastRow._fields[:OWN], [f"container__{name}" for name in CONTAINER]
    return {
        row[0]: PastRow._make((*row[:OWN], *_with_its_node(_data(*row[OWN:-1]), row[-1], nodes)))
        for row in rows.values_list(*own, *container)
    }


def _data(desired: str | None, keep: bool, purge_at: datetime | None, purged_at: datetime | None) -> DataFate:
    """Without an engine there is no data to lose."""
    return DataFate.NONE if desired is None or not engine_runs() else fate_of(keep, purge_at, purged_at)


def _with_its_node(data: DataFate, node: str | None, nodes: Mapping[str, bool]) -> tuple[DataFate, str]:
    """The data, and the machine that has it, if the engine has several and this one takes nothing. One that has left is
    gone with all that was on it."""
    if not data.is_there or not node or nodes.get(node, not nodes):
        return data, ""
    return (data if node in nodes else DataFate.DESTROYED), node


def _stored(done: Iterable[DoneOperation]) -> frozenset[str]:
    """The contents that the run took away and that are still there: in a transaction, until that ends."""
    wanted = {each.before.fields[FILES] for each in done if each.before and each.before.fields.get(FILES)}
    return FileSet.objects.hold(wanted) if wanted else frozenset()
