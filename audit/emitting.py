"""`emit()`: the one way an event is written. Services call it; no signals."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.models import StructureEvent
from orgsite.bulk import insert_rows

logger = logging.getLogger(__name__)

FIELDS = ("event_type", "organization", "workspace_id", "import_id", "actor", "payload", "created_at")


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What happened, before it is a row. `organization` is a slug, `payload` is JSON-ready."""

    event_type: str
    organization: str
    actor: str
    workspace_id: UUID | None = None
    import_id: UUID | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


def emit(events: Sequence[Event]) -> None:
    """Write the events in one statement; never fail the caller whose transaction still stands.

    The savepoint keeps a failed insert from poisoning the transaction around it. What could not be written is logged
    whole, so that it can be found and written by hand.
    """
    now = timezone.now()
    rows = [(e.event_type, e.organization, e.workspace_id, e.import_id, e.actor, e.payload, now) for e in events]
    try:
        with transaction.atomic():
            insert_rows(StructureEvent, FIELDS, rows)
    except Exception:
        logger.exception("%d structure events could not be written at %s: %s", len(events), now, _as_text(events))
        around = transaction.get_connection()
        if around.in_atomic_block and around.needs_rollback:
            raise  # the whole transaction is lost, not only the events: going on would report what never happened


def _as_text(events: Sequence[Event]) -> str:
    try:
        return json.dumps([asdict(event) for event in events], default=str)
    except (TypeError, ValueError):
        return repr(events)
