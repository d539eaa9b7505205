"""What an event says, read from its payload with care: the table outlives every version of what is written into it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from audit.models import ENDS, StructureEvent

STARTED, (COMPLETED, FAILED) = "org.import.started", ENDS
CREATED, REMOVED = "workspace.provisioning", "workspace.removed"
BY_HAND = (CREATED, REMOVED)
LOGIN_FAILED = "security.login_failed"
GROUPS = {
    "org.import.*": (STARTED, COMPLETED, FAILED),
    "workspace.*": (
        CREATED,
        "workspace.online",
        "workspace.failed",
        REMOVED,
        "workspace.released",
        "workspace.release_failed",
        "workspace.stopped",
    ),
    "security.*": (
        "security.login",
        LOGIN_FAILED,
        "security.token_created",
        "security.token_first_used",
        "security.token_revoked",
        "security.denied",
        "security.database_accepted",
    ),
}
TYPES = tuple(name for names in GROUPS.values() for name in names)


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
