"""Every type of structure event there is: one catalogue for writers, filters, timeline and documents. Pure.

The table keeps events for ever, so a type that was ever written stays here.
"""

from __future__ import annotations

from dataclasses import dataclass

from audit.type_filter import is_of
from lib.text import clip

LONGEST = 60  # characters of what somebody wrote, in a sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class EventType:
    """A type of event: what there was so many of (`noun`), what happened to it, its sign and its tone.

    `tone` is a class of the stylesheet: `make`, `kill`, `warn`, `open`, or "" for what needs no colour.
    """

    name: str
    noun: str = "workspace"
    happened: str = ""
    sign: str = "·"
    tone: str = ""


EVENT_TYPES = (
    EventType(name="org.import.started", noun="import", happened="started", sign="▷"),
    EventType(name="org.import.completed", noun="import", happened="completed", sign="✓", tone="open"),
    EventType(name="org.import.failed", noun="import", happened="failed", sign="×", tone="kill"),
    EventType(name="org.run.dismissed", noun="failure", happened="dismissed", sign="·"),
    EventType(name="org.created", noun="organization", happened="created", sign="+", tone="make"),
    EventType(name="org.changed", noun="organization", happened="changed", sign="~"),
    EventType(name="org.member_added", noun="member", happened="added", sign="+", tone="warn"),
    EventType(name="org.member_removed", noun="member", happened="removed", sign="-", tone="warn"),
    EventType(name="workspace.provisioning", happened="created", sign="+", tone="make"),
    EventType(name="workspace.online", happened="online", sign="●"),
    EventType(name="workspace.failed", happened="failed to start", sign="×", tone="kill"),
    EventType(name="workspace.changed", happened="changed by hand", sign="~"),
    EventType(name="workspace.removed", happened="removed", sign="-", tone="kill"),
    EventType(name="workspace.released", happened="released", sign="✓", tone="make"),
    EventType(name="workspace.release_failed", happened="could not be released yet", sign="↻", tone="warn"),
    EventType(name="workspace.stopped", noun="unknown container", happened="stopped", sign="■", tone="warn"),
    EventType(name="security.login", noun="login", sign="→"),
    EventType(name="security.login_failed", noun="login", happened="failed", sign="×", tone="warn"),
    EventType(name="security.token_created", noun="token", happened="made", sign="+"),
    EventType(name="security.token_first_used", noun="token", happened="used for the first time", sign="→"),
    EventType(name="security.token_revoked", noun="token", happened="revoked", sign="-"),
    EventType(name="security.denied", noun="attempt", happened="refused", sign="×", tone="warn"),
    EventType(name="security.database_accepted", noun="database", happened="accepted", sign="✓", tone="warn"),
    EventType(name="security.user_changed", noun="change", happened="of a user", sign="~", tone="warn"),
    EventType(name="security.group_changed", noun="change", happened="of a group", sign="~", tone="warn"),
)
NAMES = tuple(each.name for each in EVENT_TYPES)
BY_NAME = {each.name: each for each in EVENT_TYPES}
# Not types of their own, but written under one and told apart: what the sentences say of them differs.
STARTED_AGAIN = EventType(
    name="workspace.provisioning again", noun="container", happened="started again", sign="↻", tone="warn"
)
UNKNOWN_THING = EventType(
    name="workspace.released of nobody", noun="unknown container", happened="removed", sign="-", tone="warn"
)

FAMILIES = ("org.import.*", "org.*", "workspace.*", "security.*")


def _families() -> dict[str, tuple[str, ...]]:
    """Family → the types that stand below it in a list: each once, below the first family that it is of."""
    found: dict[str, tuple[str, ...]] = {}
    for family in FAMILIES:
        taken = {name for names in found.values() for name in names}
        found[family] = tuple(name for name in NAMES if is_of(family, name) and name not in taken)
    return found


GROUPS = _families()


def is_known(asked: str) -> bool:
    """Whether that is a type there is, or the beginning of one (`org.import.`, `workspace.*`)."""
    return any(is_of(asked, name) for name in NAMES)


def refusal(asked: str) -> str:
    """The sentence for a question after a type that does not exist."""
    known = ", ".join((*FAMILIES, *NAMES))
    return f"“{clip(asked, LONGEST)}” is no type of event, nor the beginning of one. There are: {known}."
