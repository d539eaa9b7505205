"""Points in time as clients write them."""

from __future__ import annotations

from datetime import UTC, datetime

MAX_TIME = 40  # characters; Python itself accepts any number of digits


def parse_time(text: str) -> datetime:
    """The moment in UTC of an ISO 8601 text; without a zone it is UTC. Raises ValueError with a sentence."""
    try:
        if len(text) > MAX_TIME:
            raise ValueError("too long")
        return as_utc(datetime.fromisoformat(text))
    except ValueError as error:
        hint = " (write + as %2B)" if " " in text else ""
        raise ValueError(f"not a time in ISO 8601, like 2026-01-31T12:00:00Z{hint}") from error


def as_utc(moment: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError if it lies outside the calendar."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("outside the calendar") from error
