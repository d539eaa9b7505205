"""Containers that ran and are gone or down: started again, each time after a longer pause.

The first losses have events like any start. At the third the workspace is called failed, once, and no more events
follow until its container has stayed up for the probation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import datetime
from uuid import UUID

from audit.event_types import WORKSPACE_FAILED
from workspaces.core.containers.convergence import LOST_AFTER, loss_told, losses_now, pause
from workspaces.core.containers.lifecycle import Observed
from workspaces.models import Container, Status
from workspaces.services.containers.container_results import News, change_status, save_rows, tell


def note_losses(settled: Iterable[Container], *, why: Mapping[UUID, str], now: datetime) -> Set[UUID]:
    """Make the rows due, each after its pause, inside the transaction that locked their organizations; return the ids
    of those whose start needs an event. `why` is the observation. `changed_at` is since when each ran."""
    rows = list(settled)
    for row in rows:
        row.losses = losses_now(row.losses, ran=now - row.changed_at)
        row.observed, row.asked_at, row.changed_at = Observed.ABSENT, None, now
        row.due_at = now + pause(row.losses)
        row.last_error = loss_told(f"{why[row.pk].capitalize()}.", row.losses) if row.losses > 1 else ""
    save_rows(rows)
    failed = [row for row in rows if row.losses >= LOST_AFTER]
    news = [row for row in failed if row.workspace.status != Status.FAILED]
    change_status(news, Status.FAILED, why=lambda row: row.last_error)
    tell([News(kind=WORKSPACE_FAILED, row=row, why=row.last_error) for row in news])
    return {row.pk for row in rows} - {row.pk for row in failed}
