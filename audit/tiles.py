"""A finished import in numbers: the tiles below its event. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from audit.models import StructureEvent
from audit.reading import number, rows, text
from audit.wording import plural

COUNTS = ("created_count", "skipped_count", "reconcile_removed_count", "left_running_count")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """A number of a finished import; `kind` is set where it deserves colour."""

    label: str
    value: str
    kind: str = ""


def tiles_of(event: StructureEvent) -> tuple[Tile, ...]:
    """What a completed import says in numbers."""
    created, kept, removed, left = (number(event, key) for key in COUNTS)
    collateral, errors = number(event, "collateral_count"), len(held_by(event))
    return (
        Tile(label="mode", value=text(event, "mode")),
        Tile(label="created", value=f"{created:,}", kind="create" if created else ""),
        Tile(label="kept", value=f"{kept:,}"),
        Tile(label="removed", value=f"{removed:,}", kind="remove" if removed else ""),
        Tile(label="collateral", value=f"{collateral:,}", kind="collateral" if collateral else ""),
        Tile(label="left running", value=f"{left:,}", kind="left" if left else ""),
        Tile(label="live", value=f"{number(event, 'live_before'):,} → {number(event, 'live_after'):,}"),
        Tile(label="warnings", value=f"{number(event, 'warnings_count'):,}"),
        Tile(label="errors", value=f"{errors:,}", kind="remove" if errors else ""),
        Tile(label="duration", value=duration(number(event, "duration_ms"))),
    )


def signed(event: StructureEvent) -> str:
    """The counts in one line: `+8 =1 −0, 8 duplicates left running`."""
    created, kept, removed, left = (number(event, key) for key in COUNTS)
    counts = f"+{created:,} ={kept:,} −{removed:,}"
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
