"""Server-Sent Events as bytes, as the HTML standard defines them.

A block with an id and no data moves the client's `Last-Event-ID` on without an event. So a client has one from the
first moment, and a client whose filters admit nothing does not restart far behind.
"""

from __future__ import annotations

from rest_framework.renderers import JSONRenderer

from audit.event_row import row_of
from audit.models import StructureEvent
from audit.stream.subscription import Told

RESET = "reset"  # no type of event: those have a dot
RETRY = 3_000  # milliseconds until a client connects again
OPENING = f": events follow\nretry: {RETRY}\n\n".encode()

_json = JSONRenderer()


def position(last: int) -> bytes:
    """The id after which a client goes on; as a comment it also tells proxies of a live stream."""
    return f": here\nid: {last}\n\n".encode()


def reset(last: int, *, ahead: int) -> bytes:
    """The first position of a client whose own is ahead of every event: an event of its own type.

    An error would not help: a browser retries with the same id, or gives up silently.
    """
    why = (
        f"No event has the id {ahead} yet: this database is older than what you have heard, as after a restore. Events "
        "from now on follow; read again what you keep of earlier ones."
    )
    data = {"last_event_id": ahead, "newest_id": last, "why": why}
    return f"id: {last}\nevent: {RESET}\ndata: ".encode() + _json.render(data) + b"\n\n"


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
