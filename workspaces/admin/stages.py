"""Where a workspace's container stands, in a sign and a word, and what keeps it from going on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.utils import timezone

from workspaces.admin.words import counted
from workspaces.core.steps import FAILED_AFTER
from workspaces.models import Container


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A container row as the pages show it."""

    row: Container

    @property
    def going(self) -> bool:
        """Whether it is to go, not to run."""
        return self.row.desired == Container.Desired.ABSENT

    @property
    def settled(self) -> bool:
        return self.row.due_at is None

    @property
    def failing(self) -> bool:
        return bool(self.row.last_error)

    @property
    def kind(self) -> str:
        """The class in the stylesheet."""
        if self.failing:
            return "fail" if self.row.attempts >= FAILED_AFTER else "retry"
        if self.settled:
            return "ok"
        return "run" if self.row.leased_until or self.row.asked_at else "wait"

    @property
    def sign(self) -> str:
        return {"fail": "×", "retry": "↻", "ok": "✓", "run": "…", "wait": "·"}[self.kind]

    @property
    def word(self) -> str:
        if self.failing:
            return f"tried {counted(self.row.attempts, 'time')}" if self.row.attempts else "waits for the engine"
        if self.settled:
            return self._end
        if self.kind == "wait":
            return "waits"
        return "stopping" if self.going else "starting"

    @property
    def _end(self) -> str:
        if not self.going:
            return "runs"
        return "gone, volumes kept" if self.row.keep_volumes else "gone, volumes too"

    @property
    def rank(self) -> int:
        """Failures first, then what is under way."""
        return {"fail": 0, "retry": 1, "run": 2, "wait": 3, "ok": 4}[self.kind]

    @property
    def next_try(self) -> str:
        """`in 38 s`, `now`."""
        due: datetime = self.row.due_at or timezone.now()
        seconds = round((due - timezone.now()).total_seconds())
        return f"in {seconds} s" if seconds > 0 else "now"


@dataclass(frozen=True, kw_only=True)
class Stages:
    """The containers that one run decided about."""

    import_id: UUID

    @cached_property
    def by_id(self) -> dict[UUID, Stage]:
        rows = Container.objects.filter(import_id=self.import_id)
        return {row.pk: Stage(row=row) for row in rows}

    @property
    def going(self) -> Collection[Stage]:
        return [stage for stage in self.by_id.values() if stage.going]

    @property
    def coming(self) -> Collection[Stage]:
        return [stage for stage in self.by_id.values() if not stage.going]

    @property
    def unsettled(self) -> bool:
        return any(not stage.settled for stage in self.by_id.values())

    @property
    def failing(self) -> list[Stage]:
        return [stage for stage in self.by_id.values() if stage.failing]

    @property
    def text(self) -> str:
        """` Tearing down: 5 of 8 done, 1 with an error.` after what the run did; "" when nothing is left to do."""
        parts = [_progress("Starting containers", self.coming), _progress("Tearing down", self.going)]
        return "".join(f" {part}" for part in parts if part)


def _progress(what: str, stages: Collection[Stage]) -> str:
    done, failing = sum(stage.settled for stage in stages), sum(stage.failing for stage in stages)
    if done == len(stages):
        return ""
    return f"{what}: {done:,} of {len(stages):,} done{f', {failing:,} with an error' if failing else ''}."
