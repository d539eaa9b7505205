"""The data of what a run removed, until when it is kept, and of what it brought back, row by row."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from audit.event_types import WORKSPACE_RESTORED
from audit.models import StructureEvent
from workspaces.admin.shared.data_words import day, size
from workspaces.core.containers.data_policy import DataFate
from workspaces.core.planning.plan_values import Kind
from workspaces.models import ImportRun, RunOperation
from workspaces.services.removal.left_data import LeftData, left_data


@dataclass(frozen=True, kw_only=True, slots=True)
class DataWord:
    """The fate of the data in a few words; `kind` is its class in the stylesheet."""

    kind: str
    sign: str
    word: str


BACK = DataWord(kind="ok", sign="✓", word="volumes back")
EMPTY = DataWord(kind="retry", sign="!", word="destroyed before, empty")


def data_words(
    run: ImportRun, rows: Sequence[RunOperation], *, with_containers: Collection[UUID]
) -> Mapping[UUID, DataWord]:
    """Workspace → its data. What somebody has restored since is left out, and so is what has no container. Two queries
    at most."""
    removed = [row.workspace_id for row in rows if row.kind == Kind.REMOVE]
    restored = [row.workspace_id for row in rows if row.kind == Kind.RESTORE and row.workspace_id in with_containers]
    found = {key: _removed(left) for key, left in left_data(removed, by=run.pk).items()}
    return {**found, **(_restored(run, restored) if restored else {})}


def _removed(left: LeftData) -> DataWord:
    match left.fate:
        case DataFate.WAITS:
            return DataWord(kind="wait", sign="·", word=f"{size(left.bytes)}, until {day(left.until)}")
        case DataFate.KEPT:
            return DataWord(kind="wait", sign="·", word=f"{size(left.bytes)}, kept for good")
        case DataFate.DESTROYED:
            return DataWord(kind="wait", sign="·", word=f"destroyed {day(left.purged_at)}")
        case _:
            return DataWord(kind="run", sign="…", word="being destroyed")


def _restored(run: ImportRun, ids: Sequence[UUID]) -> Mapping[UUID, DataWord]:
    events = StructureEvent.objects.filter(
        import_id=run.pk, event_type=WORKSPACE_RESTORED.name, workspace_id__one_of=ids
    ).order_by()
    lost = {key for key, payload in events.values_list("workspace_id", "payload") if key and payload.get("data_lost")}
    return {key: EMPTY if key in lost else BACK for key in ids}
