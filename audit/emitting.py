"""`emit()`: the one way an event is written. Services call it; no signals."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from django.db import DatabaseError, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.event_types import EventType
from audit.models import StructureEvent
from lib.bulk import insert_rows
from lib.database_clock import database_now

logger = logging.getLogger(__name__)

Payload = TypeVar("Payload", bound=Mapping[str, Any])

FIELDS = ("event_type", "organization", "workspace_id", "import_id", "actor", "payload")
INSERT = f"INSERT INTO structure_events ({', '.join((*FIELDS, 'created_at'))})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """An event before it is a row. `organization` is a slug, `payload` is JSON-ready."""

    event_type: str
    organization: str
    actor: str
    workspace_id: UUID | None = None
    import_id: UUID | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


def event_of(
    kind: EventType[Payload],
    payload: Payload,
    *,
    organization: str,
    actor: str,
    workspace_id: UUID | None = None,
    import_id: UUID | None = None,
) -> Event:
    """An event of a type of the catalogue, with the payload that this type has."""
    return Event(
        event_type=kind.name,
        organization=organization,
        actor=actor,
        workspace_id=workspace_id,
        import_id=import_id,
        payload=payload,
    )


def emit(events: Sequence[Event]) -> None:
    """Write the events in one statement; never fail the caller whose transaction still stands.

    The savepoint keeps a failed insert from poisoning the transaction around it. Events that could not be written are
    logged whole, so that they can be written by hand.
    """
    now = database_now()
    rows = [(e.event_type, e.organization, e.workspace_id, e.import_id, e.actor, e.payload) for e in events]
    with _or_logged(lambda: events):
        insert_rows(StructureEvent, FIELDS, rows, same={"created_at": now})


def emit_from(select: str, params: Sequence[Any]) -> None:
    """The same for the events of a SELECT with the columns FIELDS and `created_at`."""
    connection = connections[router.db_for_write(StructureEvent)]
    with _or_logged(lambda: _selected(connection, select, params)), connection.cursor() as cursor:
        cursor.execute(f"{INSERT} {select}", params)


def emit_with(rows: str, select: str, params: Sequence[Any], *, instead: Callable[[], None]) -> None:
    """The same, by one statement with a write of the caller's: `rows` is a WITH clause that `select` reads from, too.

    If the events can't be written, that write is lost too; then `instead` does it alone.
    """
    connection = connections[router.db_for_write(StructureEvent)]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"{rows} {INSERT} {select}", params)
    except DatabaseError:
        logger.exception("structure events could not be written together with what they are about")
        instead()


@contextmanager
def _or_logged(events: Callable[[], Sequence[Any]]) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except Exception:
        lost = events()
        logger.exception("%d structure events could not be written: %s", len(lost), _as_text(lost))
        around = transaction.get_connection()
        if around.in_atomic_block and around.needs_rollback:
            raise  # the whole transaction is lost, not only the events: going on would report what never happened


def _selected(connection: BaseDatabaseWrapper, select: str, params: Sequence[Any]) -> list[dict[str, Any]]:
    """The events of a SELECT; none if the transaction is lost, because then they did not happen."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(select, params)
            return [dict(zip((*FIELDS, "created_at"), row, strict=True)) for row in cursor.fetchall()]
    except DatabaseError:
        return []


def _as_text(events: Sequence[Any]) -> str:
    try:
        return json.dumps([asdict(event) if isinstance(event, Event) else event for event in events], default=str)
    except (TypeError, ValueError):
        return repr(events)
