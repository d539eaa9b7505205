"""Payloads read with care: the table of events outlives every version of the code that writes it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from audit.event_payloads import ImportStarted, WorkspaceEvent
from audit.event_types import (
    BY_NAME,
    STRAY_RELEASED,
    WORKSPACE_PROVISIONING,
    WORKSPACE_RELEASED,
    WORKSPACE_RESTARTED,
    EventType,
)
from audit.models import StructureEvent

Payload = TypeVar("Payload", bound=Mapping[str, Any])


def type_of(event: StructureEvent) -> EventType[Any]:
    """The catalogue's entry for the event."""
    if event.event_type == WORKSPACE_RELEASED.name and not event.organization:
        return STRAY_RELEASED
    if event.event_type == WORKSPACE_PROVISIONING.name and _says_again(event):
        return WORKSPACE_RESTARTED
    return type_named(event.event_type)


def type_named(name: str) -> EventType[Any]:
    """A type for a name that is not in the catalogue: it has nothing but the name."""
    return BY_NAME.get(name) or EventType(name=name, payload=dict, noun="event", is_known=False)


def _says_again(event: StructureEvent) -> bool:
    """Whether this is a restart, written before that had its own type: nothing was created."""
    return event.import_id is None and facts_of(event).get("again") is True


def facts_of(event: StructureEvent) -> dict[str, Any]:
    """The payload; an empty one if it is not an object."""
    return event.payload if isinstance(event.payload, dict) else {}


def payload_as(event: StructureEvent, shape: type[Payload]) -> Payload:
    """The payload with all keys of the shape; what is missing, or of another kind, is "", 0, false, none or empty."""
    facts = facts_of(event)
    return cast(Payload, {key: _fitted(facts.get(key), kind) for key, kind in _kinds(shape).items()})


@cache
def _kinds(shape: type[Any]) -> dict[str, Any]:
    """Key → str, int, bool, or the type of a list's items as a tuple of one; None for a text that may be missing."""
    return {key: _kind(hint) for key, hint in get_type_hints(shape).items()}


def _kind(hint: Any) -> Any:
    if get_origin(hint) is list:
        (item,) = get_args(hint)
        return (get_origin(item) or item,)
    return hint if hint in (str, int, bool) else None


def _fitted(value: Any, kind: Any) -> Any:
    if isinstance(kind, tuple):
        return [item for item in value if isinstance(item, kind)] if isinstance(value, list) else []
    if kind is str:
        return "" if value is None else str(value)
    if kind is bool:
        return value is True
    if kind is int:
        return value if isinstance(value, int) else 0
    return value if isinstance(value, str) else None


def text(event: StructureEvent, key: str) -> str:
    """A text that events of several types may have, "" if there is none."""
    value = facts_of(event).get(key)
    return "" if value is None else str(value)


def as_uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def parent_of(event: StructureEvent) -> UUID | None:
    return as_uuid(payload_as(event, WorkspaceEvent)["parent_id"])


def path_of(event: StructureEvent) -> tuple[str, ...]:
    """The names from the root to the workspace, as of then; for an event without a path the name alone.

    Old rows have no path, and the tree may have changed since.
    """
    return tuple(payload_as(event, WorkspaceEvent)["path"]) or (workspace_name(event),)


def workspace_name(event: StructureEvent) -> str:
    return text(event, "name") or str(event.workspace_id or "")


def template_name(event: StructureEvent) -> str:
    """The file or directory a run imported; the template's own name where it came inline."""
    facts = payload_as(event, ImportStarted)
    return facts["dir"] or facts["name"] or "a template"
