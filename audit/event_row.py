"""One event as the API tells it, in a list and in the stream."""

from __future__ import annotations

from typing import Any

from audit.models import StructureEvent

FIELDS = ("id", "event_type", "organization", "workspace_id", "import_id", "actor", "payload", "created_at")


def row_of(event: StructureEvent) -> dict[str, Any]:
    """Ids and times stay objects: the API's renderer writes them."""
    return {name: getattr(event, name) for name in FIELDS}
