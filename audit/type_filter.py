"""What a question for a type of event means: one exactly, or the start of several (`org.import.`, `workspace.*`)."""

from __future__ import annotations

# Every import writes these for each workspace: they stand on any page, and are found without an index of their type.
FREQUENT = ("workspace.provisioning", "workspace.online")


def prefix_of(asked: str) -> str | None:
    """The beginning shared by all types that are asked for; None for one exactly."""
    return asked.removesuffix("*") if asked.endswith(("*", ".")) else None


def is_of(asked: str, event_type: str) -> bool:
    """Whether an event of that type is asked for."""
    prefix = prefix_of(asked)
    return event_type == asked if prefix is None else event_type.startswith(prefix)


def has_index(asked: str) -> bool:
    """Whether this is one type, and one that an index has in order."""
    return bool(asked) and prefix_of(asked) is None and asked not in FREQUENT
