"""The filter by type of event: one exactly, or a prefix of several (`org.import.`, `workspace.*`)."""

from __future__ import annotations

from audit.event_types import EVENT_TYPES, FAMILIES, FREQUENT, NAMES
from lib.text import clip

LONGEST = 60  # characters of the given text in a sentence

# Family → the types that stand below it in a list: each once, below its narrowest family.
GROUPS = {family: tuple(each.name for each in EVENT_TYPES if each.family == family) for family in FAMILIES}


def prefix_of(asked: str) -> str | None:
    """The prefix of all wanted types; None for one exact type."""
    return asked.removesuffix("*") if asked.endswith(("*", ".")) else None


def is_of(asked: str, event_type: str) -> bool:
    """Whether an event of that type is wanted."""
    prefix = prefix_of(asked)
    return event_type == asked if prefix is None else event_type.startswith(prefix)


def has_index(asked: str) -> bool:
    """Whether this is one type whose events an index has in order."""
    return bool(asked) and prefix_of(asked) is None and asked not in FREQUENT


def is_known(asked: str) -> bool:
    """Whether that is an existing type, or a prefix of one (`org.import.`, `workspace.*`)."""
    return any(is_of(asked, name) for name in NAMES)


def refusal(asked: str) -> str:
    """The sentence for a filter by an unknown type."""
    known = ", ".join((*FAMILIES, *NAMES))
    return f"“{clip(asked, LONGEST)}” is no type of event, nor the beginning of one. There are: {known}."
