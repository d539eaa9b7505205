"""What a run did to which workspace, a page at a time, and only that page is read: runs have any number of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils.safestring import SafeString

from workspaces.admin.run.container_progress import Stage, Stages
from workspaces.admin.shared.badges import done
from workspaces.core.names import SEPARATOR
from workspaces.models import ImportRun, Workspace
from workspaces.models.history_row import IN_ORDER

FIRST = 100  # failures that come before everything else; any further one stands in its place
COLUMNS = ("id", "name", "history_type", "history_change_reason", "history_date")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRow:
    """What the run did to one workspace."""

    id: UUID
    name: str
    above: str
    done: SafeString
    why: str
    when: datetime
    stage: Stage | None


@dataclass(frozen=True, kw_only=True)
class RunRows:
    """Failures first, then removals, then creations, each in the order of the plan. To be sliced, as a paginator does.

    How many there are, the run itself says.
    """

    run: ImportRun
    stages: Stages

    def count(self) -> int:
        return self.run.created_count + self.run.removed_count

    __len__ = count

    def __getitem__(self, page: slice) -> list[RunRow]:
        found: list[Any] = []
        passed = 0
        for rows, length in self._parts:
            start, stop = max(page.start - passed, 0), min(page.stop - passed, length)
            found += self._read(rows, start, stop) if start < stop else ()
            passed += length
        return self._shown(found)

    @cached_property
    def _parts(self) -> Sequence[tuple[Any, int]]:
        """Rows of the history with their number, in the order in which they stand."""
        failing = self._failing
        removed = sum(1 for row in failing if row[2] == "~")
        return (
            (failing, len(failing)),
            (self._rest("~"), self.run.removed_count - removed),
            (self._rest("+"), self.run.created_count - (len(failing) - removed)),
        )

    @cached_property
    def _failing(self) -> list[Any]:
        worst = self.stages.failing.order_by("-attempts", "pk").values_list("pk", flat=True)[:FIRST]
        order = {key: place for place, key in enumerate(worst)}
        rows = self._history.filter(id__one_of=order).values_list(*COLUMNS) if order else []
        return sorted(rows, key=lambda row: order[row[0]])

    def _read(self, rows: Any, start: int, stop: int) -> Any:
        """The rows of a part from there to there: their ids first, from an index alone."""
        if isinstance(rows, list):
            return rows[start:stop]
        ids = rows.values("history_id")[start:stop]
        return Workspace.history.filter(history_id__in=ids).order_by("history_id").values_list(*COLUMNS)

    def _rest(self, kind: str) -> Any:
        rows = self._history.filter(history_type=kind).order_by(IN_ORDER)
        failing = [row[0] for row in self._failing]
        return rows.exclude(id__one_of=failing) if failing else rows

    @property
    def _history(self) -> Any:
        return Workspace.history.filter(history_import_id=self.run.pk)

    def _shown(self, found: Sequence[Any]) -> list[RunRow]:
        ids = [row[0] for row in found]
        above = Workspace.objects.names_above(ids) if ids else {}
        stages = self.stages.of(ids)
        return [
            RunRow(
                id=key,
                name=name,
                above=SEPARATOR.join(above.get(key, ())),
                done=done("remove" if kind == "~" else "create"),
                why=why or "",
                when=when,
                stage=stages.get(key),
            )
            for key, name, kind, why, when in found
        ]
