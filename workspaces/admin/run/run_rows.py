"""A run's operations, page by page because there is any number, with the container and the data of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils.safestring import SafeString

from workspaces.admin.run.run_data import DataWord, data_words
from workspaces.admin.run.run_stages import Stage, Stages
from workspaces.admin.shared.badges import BADGES, DONE
from workspaces.admin.shared.field_words import FieldPair, field_pairs
from workspaces.admin.shared.paths import path_html
from workspaces.core.planning.plan_values import Action, Kind, Reason
from workspaces.models import ImportRun, RunOperation

MAKING = (Kind.CREATE, Kind.RESTORE)
FIRST = 100  # failures shown before everything else; further ones are in their places


@dataclass(frozen=True, kw_only=True, slots=True)
class RunPageRow:
    """One operation of a run on one workspace, with the fields that it changed; `data` of what it removed or brought
    back."""

    id: UUID
    name: str
    above: SafeString | str
    done: SafeString
    why: str
    stage: Stage | None
    data: DataWord | None
    fields: tuple[FieldPair, ...]


@dataclass(frozen=True, kw_only=True)
class RunRows:
    """Failures first, then removals, then changes, then what came, each in the order of the plan. For a paginator.

    The run has their number.
    """

    run: ImportRun
    stages: Stages

    def count(self) -> int:
        return self._came + self._changed + self.run.removed_count

    __len__ = count

    def __getitem__(self, page: slice) -> list[RunPageRow]:
        found: list[RunOperation] = []
        passed = 0
        for rows, length in self._parts:
            start, stop = max(page.start - passed, 0), min(page.stop - passed, length)
            found += rows[start:stop] if start < stop else ()
            passed += length
        return self._shown(found)

    @cached_property
    def _parts(self) -> Sequence[tuple[Any, int]]:
        """Operations with their number, in the order in which they stand."""
        failing, came, changed = self._failing, self._came, self._changed
        removed = sum(1 for row in failing if row.kind == Kind.REMOVE)
        made = sum(1 for row in failing if row.kind in MAKING)
        return (
            (failing, len(failing)),
            (self._rest(seq__gt=came + changed), self.run.removed_count - removed),
            (self._rest(seq__gt=came, seq__lte=came + changed), changed - (len(failing) - removed - made)),
            (self._rest(seq__lte=came), came - made),
        )

    @property
    def _came(self) -> int:
        """The number of those that it restored or created."""
        return self.run.restored_count + self.run.created_count

    @property
    def _changed(self) -> int:
        return self.run.moved_count + self.run.updated_count

    @cached_property
    def _failing(self) -> list[RunOperation]:
        worst = self.stages.failing.order_by("-attempts", "pk").values_list("pk", flat=True)[:FIRST]
        order = {key: place for place, key in enumerate(worst)}
        rows = self._operations.filter(workspace_id__one_of=order) if order else ()
        return sorted(rows, key=lambda row: order[row.workspace_id])

    def _rest(self, **stretch: int) -> Any:
        rows = self._operations.filter(**stretch).order_by("seq")
        failing = [row.workspace_id for row in self._failing]
        return rows.exclude(workspace_id__one_of=failing) if failing else rows

    @property
    def _operations(self) -> Any:
        return RunOperation.objects.filter(run=self.run)

    def _shown(self, found: Sequence[RunOperation]) -> list[RunPageRow]:
        stages = self.stages.of([row.workspace_id for row in found])
        data = data_words(self.run, found, with_containers=stages.keys())
        return [
            RunPageRow(
                id=row.workspace_id,
                name=row.name,
                above=path_html(row.path[:-1]) if row.path[1:] else "",
                done=BADGES[Action.COLLATERAL] if row.reason == Reason.COLLATERAL else DONE[row.kind],
                why=row.cause,
                stage=stages.get(row.workspace_id),
                data=data.get(row.workspace_id),
                fields=tuple(field_pairs(_fields(row.before), _fields(row.after))),
            )
            for row in found
        ]


def _fields(state: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The fields in one state of an operation."""
    return (state or {}).get("fields") or {}
