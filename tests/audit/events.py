"""Events for tests: unsaved rows for pure functions, and written ones for queries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from audit.models import StructureEvent

STARTED, COMPLETED, FAILED = "org.import.started", "org.import.completed", "org.import.failed"
CREATED, ONLINE, REMOVED, RELEASED = (f"workspace.{what}" for what in ("provisioning", "online", "removed", "released"))


def when(text: str) -> datetime:
    """`20:13:04` of the day of the story, in UTC."""
    return datetime.fromisoformat(f"2026-05-12 {text}" if len(text) <= 8 else text).replace(tzinfo=UTC)


def key(name: str) -> UUID:
    """The id of the workspace or run of that name."""
    return uuid5(NAMESPACE_URL, name)


def event(
    event_type: str,
    at: str = "20:13:04",
    *,
    of: str = "",
    run: str = "",
    actor: str = "alice",
    organization: str = "acme",
    **payload: Any,
) -> StructureEvent:
    """An event of the workspace `of` in the run `run`, both by name."""
    return StructureEvent(
        event_type=event_type,
        organization=organization,
        workspace_id=key(of) if of else None,
        import_id=key(run) if run else None,
        actor=actor,
        payload={"name": of, "parent_id": None, **payload} if of else payload,
        created_at=when(at),
    )


def started(at: str = "20:13:02", *, run: str = "merge", mode: str = "merge", **more: Any) -> StructureEvent:
    return event(STARTED, at, run=run, mode=mode, name="Dev team", dir="dev.yaml", reason="", **more)


def completed(at: str = "20:13:44", *, run: str = "merge", mode: str = "merge", **payload: Any) -> StructureEvent:
    """A merge that created 8, kept 1 and left 8 running, but for what is given otherwise."""
    usual = {"created_count": 8, "skipped_count": 1, "reconcile_removed_count": 0, "collateral_count": 0}
    rest = {"left_running_count": 8, "live_before": 9, "live_after": 17, "duration_ms": 42_100, "error": ""}
    facts = {"name": "Dev team", "dir": "dev.yaml", "mode": mode, "reconcile_errors": [], "warnings_count": 3}
    return event(COMPLETED, at, run=run, **{**facts, **usual, **rest, **payload})


def reconciled(at: str = "20:31:08", *, run: str = "reconcile", **payload: Any) -> StructureEvent:
    """A reconcile that removed the 8 again."""
    counts = {"created_count": 0, "skipped_count": 9, "reconcile_removed_count": 8, "left_running_count": 0}
    return completed(at, run=run, mode="reconcile", **{**counts, "live_before": 17, "live_after": 9, **payload})


def numbered(*events: StructureEvent) -> tuple[StructureEvent, ...]:
    """The events with ids in their order, as if they were written."""
    for number, one in enumerate(events, start=1):
        one.pk = number
    return events


def write(*events: StructureEvent) -> None:
    """Write the events in their order."""
    StructureEvent.objects.bulk_create(events)
