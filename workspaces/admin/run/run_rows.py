"""The operations of a run, page by page. Only one page is read, because runs have any number of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils.safestring import SafeString

from workspaces.admin.run.container_progress import Stage, Stages
from workspaces.admin.shared.badges import done
from workspaces.core.names import SEPARATOR
from workspaces.core.planning.operations import Kind
from workspaces.models import ImportRun, RunOperation

FIRST = 100  # failures shown before everything else; further ones are in their places


@dataclass(frozen=True, kw_only=True, slots=True)
class RunPageRow:
    """One operation of a run on one workspace."""

    id: UUID
    name: str
    above: str
    done: SafeString
    why: str
    stage: Stage | None


@dataclass(frozen=True, kw_only=True)
class RunRows:
    """Failures first, then removals, then creations, each in the order of the plan. To be sliced by a paginator.

    The run has their number.
    """

    run: ImportRun
    stages: Stages

    def count(self) -> int:
        return self.run.created_count + self.run.removed_count

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
        failing, created = self._failing, self.run.created_count
        removed = sum(1 for row in failing if row.kind == Kind.REMOVE)
        return (
            (failing, len(failing)),
            (self._rest(seq__gt=created), self.run.removed_count - removed),
            (self._rest(seq__lte=created), created - (len(failing) - removed)),
        )

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
        return [
            RunPageRow(
                id=row.workspace_id,
                name=row.name,
                above=SEPARATOR.join(row.path[:-1]),
                done=done(row.kind),
                why=row.cause,
                stage=stages.get(row.workspace_id),
            )
            for row in found
        ]
