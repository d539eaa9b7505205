"""The fate of a removed workspace's data and tokens, in words: if it comes back, and if it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.template.defaultfilters import filesizeformat

from workspaces.admin.plan.plan_row import DataNote
from workspaces.admin.shared.data_words import deadline, size
from workspaces.core.containers.data_policy import DataFate
from workspaces.services.removal.left_data import LeftData

REVOKED = "its old tokens stay revoked for ever"


def coming_back(left: LeftData | None, schedules: Sequence[str], *, engine: bool) -> DataNote:
    """Of one that comes back. `schedules` are enabled again; without an `engine` there is no container and no data."""
    items = (*(_volumes(left) if engine and left else ()), REVOKED, *map(_enabled, schedules))
    if not engine:
        return DataNote(lead="", rest="its old tokens stay revoked", items=items[1:])
    if left is None or left.external:
        kept = "; its data stays where it is" if left and left.fate is not DataFate.DESTROYED else ""
        return DataNote(lead="", rest=f"no container{kept}", items=items)
    if left.fate is DataFate.DESTROYED:
        rest = f"its data was destroyed {deadline(left.purged_at)}; a new token"
        return DataNote(lead="comes back empty:", rest=rest, items=items)
    if left.bytes:
        return DataNote(lead=filesizeformat(left.bytes), rest="come back; a new token", items=items)
    known = "empty" if left.bytes == 0 else "not measured yet"
    return DataNote(lead="its volumes", rest=f"come back, {known}; a new token", items=items)


def staying(left: LeftData | None) -> DataNote | None:
    """Of one that cannot come back: how long its data waits for another try. None if it had no container."""
    if left is None:
        return None
    match left.fate:
        case DataFate.WAITS:
            return DataNote(lead=size(left.bytes), rest=f"kept until {deadline(left.until)}")
        case DataFate.KEPT:
            return DataNote(lead=size(left.bytes), rest="kept for good")
        case DataFate.DESTROYED:
            return DataNote(lead="", rest=f"data destroyed {deadline(left.purged_at)}")
        case _:
            return DataNote(lead="", rest="data is being destroyed")


def _volumes(left: LeftData) -> Iterator[str]:
    if left.fate is DataFate.WAITS:
        yield f"volumes that else are destroyed {deadline(left.until)}"
    elif left.fate is DataFate.KEPT:
        yield "volumes that are kept for good"


def _enabled(name: str) -> str:
    return f"schedule {name} is enabled again"
