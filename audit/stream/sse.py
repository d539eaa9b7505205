"""Server-Sent Events as bytes, as the HTML standard defines them.

A block with an id and no data moves the client's `Last-Event-ID` on without telling it anything. So a client has one
from the first moment, and one whose filters let nothing through does not start from far behind.
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
    """The id after which a client goes on; as a comment it also tells proxies that somebody is here."""
    return f": here\nid: {last}\n\n".encode()


def reset(last: int, *, ahead: int) -> bytes:
    """The first position of a client whose own is ahead of every event: an event of a type that no other one has.

    An answer with an error would not do: a browser comes again with the same id, or gives up without a word.
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
