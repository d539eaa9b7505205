"""Words and moments as the timeline writes them, and the pieces that its sentences are made of. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A piece of a sentence: plain, strong, or a link to a run or a minute."""

    text: str
    strong: bool = False
    run: UUID | None = None
    minute: datetime | None = None


Sentence = tuple[Part, ...]


def short(run: UUID | None) -> str:
    """A run's id as people see it."""
    return f"run {run.hex[:8]}" if run else ""


def clock(moment: datetime, *, on: datetime) -> str:
    """HH:MM in the site's zone, with the day where it is not that of `on`."""
    local = timezone.localtime(moment)
    same_day = local.date() == timezone.localtime(on).date()
    return f"{local:%H:%M}" if same_day else f"{local.day} {local:%b %Y %H:%M}"


def stretch(start: datetime, end: datetime) -> str:
    """`12 May 2026`, or `12 May 2026 from 20:10 to 20:35`."""
    local, until = timezone.localtime(start), timezone.localtime(end)
    day = f"{local.day} {local:%b %Y}"
    return day if f"{local:%H:%M}" == f"{until:%H:%M}" == "00:00" else f"{day} from {local:%H:%M} to {until:%H:%M}"
