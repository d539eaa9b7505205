"""A finished import in numbers: the tiles below its event. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from audit.models import StructureEvent
from audit.payload import number, rows, text
from lib.text import plural
from workspaces.core.plan_words import signed_counts

COUNTS = ("created_count", "skipped_count", "reconcile_removed_count", "left_running_count")


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberTile:
    """A number of a finished import; `kind` is set where it deserves colour."""

    label: str
    value: str
    kind: str = ""


def tiles_of(event: StructureEvent) -> tuple[NumberTile, ...]:
    """What a completed import says in numbers."""
    created, kept, removed, left = (number(event, key) for key in COUNTS)
    collateral, errors = number(event, "collateral_count"), len(held_by(event))
    return (
        NumberTile(label="mode", value=text(event, "mode")),
        NumberTile(label="created", value=f"{created:,}", kind="create" if created else ""),
        NumberTile(label="kept", value=f"{kept:,}"),
        NumberTile(label="removed", value=f"{removed:,}", kind="remove" if removed else ""),
        NumberTile(label="collateral", value=f"{collateral:,}", kind="collateral" if collateral else ""),
        NumberTile(label="left running", value=f"{left:,}", kind="left" if left else ""),
        NumberTile(label="live", value=f"{number(event, 'live_before'):,} → {number(event, 'live_after'):,}"),
        NumberTile(label="warnings", value=f"{number(event, 'warnings_count'):,}"),
        NumberTile(label="errors", value=f"{errors:,}", kind="remove" if errors else ""),
        NumberTile(label="duration", value=duration(number(event, "duration_ms"))),
    )


def signed(event: StructureEvent) -> str:
    """The counts in one line: `+8 =1 -0, 8 duplicates left running`."""
    created, kept, removed, left = (number(event, key) for key in COUNTS)
    counts = signed_counts(created=created, kept=kept, removed=removed)
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
    return [(str(row.get("name", "")), str(row.get("error", ""))) for row in rows(event, "reconcile_errors")]
