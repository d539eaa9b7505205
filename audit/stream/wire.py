"""Server-Sent Events as bytes, as the HTML standard defines them.

A block with an id and no data moves the client's `Last-Event-ID` on without telling it anything. So a client has one
from the first moment, and one whose filters let nothing through does not start from far behind.
"""

from __future__ import annotations

from rest_framework.renderers import JSONRenderer

from audit.models import StructureEvent
from audit.rows import row_of
from audit.stream.scopes import Told

RETRY = 3_000  # milliseconds until a client connects again
OPENING = f": events follow\nretry: {RETRY}\n\n".encode()

_json = JSONRenderer()


def position(last: int) -> bytes:
    """The id after which a client goes on; as a comment it also tells proxies that somebody is here."""
    return f": here\nid: {last}\n\n".encode()


def told(event: StructureEvent) -> Told:
    """The event with its bytes. No field can hold a line break: a line of its own would be another field."""
    kind = " ".join(event.event_type.split())
    head = f"id: {event.pk}\nevent: {kind}\ndata: ".encode()
    return Told(
        id=event.pk,
        event_type=event.event_type,
        organization=event.organization,
        workspace_id=event.workspace_id,
        import_id=event.import_id,
        actor=event.actor,
        text=head + _json.render(row_of(event)) + b"\n\n",
    )
