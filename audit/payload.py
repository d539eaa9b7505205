"""What an event says, read from its payload with care: the table outlives every version of what is written into it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from audit.event_types import BY_NAME, STARTED_AGAIN, UNKNOWN_THING, EventType
from audit.models import ENDS, StructureEvent

STARTED, (COMPLETED, FAILED) = "org.import.started", ENDS
CREATED, REMOVED, RELEASED = "workspace.provisioning", "workspace.removed", "workspace.released"
ONLINE, WORKSPACE_CHANGED = "workspace.online", "workspace.changed"
LOGIN_FAILED = "security.login_failed"
USER_CHANGED, GROUP_CHANGED = "security.user_changed", "security.group_changed"
MEMBER_ADDED, MEMBER_REMOVED = "org.member_added", "org.member_removed"
ORG_CREATED, ORG_CHANGED, RUN_DISMISSED = "org.created", "org.changed", "org.run.dismissed"
# What stands in no run, and is told as the act of somebody.
BY_HAND = (
    CREATED, REMOVED, WORKSPACE_CHANGED, USER_CHANGED, GROUP_CHANGED, MEMBER_ADDED, MEMBER_REMOVED, ORG_CREATED,
    ORG_CHANGED,
)  # fmt: skip
WORKER = "worker"


def type_of(event: StructureEvent) -> EventType:
    """The catalogue's entry for the event; one of its own where one type stands for two things."""
    if is_started_again(event):
        return STARTED_AGAIN
    if event.event_type == RELEASED and not event.organization:
        return UNKNOWN_THING
    return BY_NAME.get(event.event_type) or EventType(name=event.event_type, happened="")


def is_started_again(event: StructureEvent) -> bool:
    """Whether the worker found a workspace without its container and starts one; nobody created anything then."""
    return event.event_type == CREATED and event.import_id is None and facts_of(event).get("again") is True


def facts_of(event: StructureEvent) -> dict[str, Any]:
    """The payload; an empty one where somebody wrote something else than an object."""
    return event.payload if isinstance(event.payload, dict) else {}


def text(event: StructureEvent, key: str) -> str:
    """A text of the payload, "" where there is none."""
    value = facts_of(event).get(key)
    return "" if value is None else str(value)


def number(event: StructureEvent, key: str) -> int:
    """A whole number of the payload, 0 where there is none."""
    value = facts_of(event).get(key)
    return value if isinstance(value, int) else 0


def rows(event: StructureEvent, key: str) -> list[dict[str, Any]]:
    """A list of objects of the payload, [] where there is none."""
    value = facts_of(event).get(key)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def ids(event: StructureEvent, key: str) -> frozenset[UUID]:
    """A list of ids of the payload, none where there is none."""
    value = facts_of(event).get(key)
    found = (as_uuid(item) for item in value) if isinstance(value, list) else ()
    return frozenset(item for item in found if item)


def parent_of(event: StructureEvent) -> UUID | None:
    return as_uuid(facts_of(event).get("parent_id"))


def as_uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def workspace_name(event: StructureEvent) -> str:
    return text(event, "name") or str(event.workspace_id or "")


def template_name(event: StructureEvent) -> str:
    """The file or directory a run imported; the template's own name where it came inline."""
    return text(event, "dir") or text(event, "name") or "a template"
