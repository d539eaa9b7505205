"""A finished import in numbers: the tiles below its event. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from audit.event_payloads import ImportCompleted
from audit.models import StructureEvent
from audit.payload import payload_as
from lib.text import plural
from workspaces.core.plan_words import signed_counts


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberTile:
    """A number of a finished import; `kind` is set where it deserves colour."""

    label: str
    value: str
    kind: str = ""


def tiles_of(event: StructureEvent) -> tuple[NumberTile, ...]:
    """The numbers of a completed import."""
    facts = payload_as(event, ImportCompleted)
    created, kept, updated, moved, removed, left, restored = _counts(facts)
    collateral, errors = facts["collateral_count"], len(held_by(event))
    return (
        NumberTile(label="mode", value=facts["mode"]),
        NumberTile(label="created", value=f"{created:,}", kind="create" if created else ""),
        NumberTile(label="kept", value=f"{kept:,}"),
        *_some("updated", updated, "update"),
        *_some("moved", moved, "move"),
        *_some("restored", restored, "create"),
        NumberTile(label="removed", value=f"{removed:,}", kind="remove" if removed else ""),
        NumberTile(label="collateral", value=f"{collateral:,}", kind="collateral" if collateral else ""),
        NumberTile(label="left running", value=f"{left:,}", kind="left" if left else ""),
        *_some("differ", facts["differs_count"], "left"),
        NumberTile(label="live", value=f"{facts['live_before']:,} → {facts['live_after']:,}"),
        NumberTile(label="warnings", value=f"{facts['warnings_count']:,}"),
        NumberTile(label="errors", value=f"{errors:,}", kind="remove" if errors else ""),
        NumberTile(label="duration", value=duration(facts["duration_ms"])),
    )


def signed(event: StructureEvent) -> str:
    """The counts in one line: `+8 =1 -0, 8 duplicates left running`."""
    created, kept, updated, moved, removed, left, restored = _counts(payload_as(event, ImportCompleted))
    counts = signed_counts(created=created, kept=kept, removed=removed, updated=updated, moved=moved, restored=restored)
    return f"{counts}, {plural(left, 'duplicate')} left running" if left else counts


def duration(milliseconds: int) -> str:
    """`0.4 s`, `42.1 s`, `2 min 6 s`, `1 h 3 min`."""
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def held_by(event: StructureEvent) -> list[tuple[str, str]]:
    """Name and error of each workspace that was kept although due for removal."""
    held = payload_as(event, ImportCompleted)["reconcile_errors"]
    return [(str(row.get("name", "")), str(row.get("error", ""))) for row in held]


def _some(label: str, count: int, kind: str) -> tuple[NumberTile, ...]:
    """A number that is told only if it is not 0."""
    return (NumberTile(label=label, value=f"{count:,}", kind=kind),) if count else ()


def _counts(facts: ImportCompleted) -> tuple[int, int, int, int, int, int, int]:
    """Created, kept, updated, moved, removed, left running, restored."""
    updated, moved = facts["updated_count"], facts["moved_count"]
    kept = facts["skipped_count"] - updated - moved
    removed, left = facts["reconcile_removed_count"], facts["left_running_count"]
    return facts["created_count"], kept, updated, moved, removed, left, facts["restored_count"]
