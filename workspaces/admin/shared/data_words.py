"""The data of removed workspaces in words: sizes, deadlines, and until when one can come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format

from workspaces.core.containers.data_policy import DataFate
from workspaces.services.removal.tombstones import Tombstone


def size(number: int | None) -> str:
    """`1.1 GB`, `empty`, or `not measured yet`."""
    if number is None:
        return "not measured yet"
    return filesizeformat(number) if number else "empty"


def deadline(when: datetime | None) -> str:
    """`Sun 6 Dec 20:25`, with the year unless it is this one; "" for none."""
    return _local(when, "D j M", " H:i")


def day(when: datetime | None) -> str:
    """`Sun 6 Dec`, the same without the time of day."""
    return _local(when, "D j M", "")


def is_over(when: datetime | None) -> bool:
    """Whether the deadline has passed, and no worker has come to it yet."""
    return when is not None and when <= timezone.now()


def _local(when: datetime | None, date: str, time: str) -> str:
    if when is None:
        return ""
    local = timezone.localtime(when)
    year = "" if local.year == timezone.localdate().year else " Y"
    return date_format(local, f"{date}{year}{time}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReturnOffer:
    """The way back of a removed workspace: a `lead` in bold, the `rest`, and the words of the button that restores."""

    lead: str
    rest: str
    button: str


def way_back(stone: Tombstone) -> ReturnOffer:
    """Until when it can come back, and with what."""
    match stone.data:
        case DataFate.WAITS if is_over(stone.restorable_until):
            lead = f"Its data was kept until {deadline(stone.restorable_until)}, and goes any moment."
            return ReturnOffer(lead=lead, rest=_with(stone), button="Restore…")
        case DataFate.WAITS:
            lead = f"Can come back with its data until {deadline(stone.restorable_until)}."
            return ReturnOffer(lead=lead, rest=_with(stone), button=f"Restore until {day(stone.restorable_until)}…")
        case DataFate.KEPT:
            lead = "Can come back with its data, which is kept for good."
            return ReturnOffer(lead=lead, rest=_with(stone), button="Restore…")
        case DataFate.DESTROYED:
            lead = f"Data destroyed {day(stone.purged_at)}; it can come back empty."
            return ReturnOffer(lead=lead, rest=EMPTY, button="Restore empty…")
        case DataFate.GOES:
            lead = "Its data is being destroyed; it can come back empty."
            return ReturnOffer(lead=lead, rest=EMPTY, button="Restore empty…")
        case DataFate.NONE:
            return ReturnOffer(
                lead="Can come back.", rest="It had no container, so there is no data.", button="Restore…"
            )


def data_of(stone: Tombstone) -> str:
    """The fate of the data in a few words: `1.1 GB, kept until Sun 6 Dec 20:25`."""
    match stone.data:
        case DataFate.WAITS:
            was = "to be destroyed since" if is_over(stone.restorable_until) else "kept until"
            return f"{size(stone.bytes)}, {was} {deadline(stone.restorable_until)}"
        case DataFate.KEPT:
            return f"{size(stone.bytes)}, kept for good"
        case DataFate.DESTROYED:
            return f"destroyed {deadline(stone.purged_at)}"
        case DataFate.GOES:
            return "being destroyed"
        case DataFate.NONE:
            return "none"


EMPTY = "With its id and its place; it gets new tokens."


def _with(stone: Tombstone) -> str:
    data = f"{filesizeformat(stone.bytes)} of data" if stone.bytes else "its volumes"
    return f"With its id, its place and {data}; it gets new tokens."
