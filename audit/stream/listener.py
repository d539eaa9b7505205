"""One listener: its place in the log, and its request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audit.stream import sse
from audit.stream.subscription import Scope
from audit.stream.watermark import Beginning

if TYPE_CHECKING:
    from audit.stream.hub import Hub


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """The credential of a listener: the id of a token, or else the key of a session."""

    user_id: int
    token_id: int | None = None
    session_key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamRequest:
    """The parameters of a request. Without `after` the stream begins now.

    `ahead` is an id from the client above every event's: the client is told so, and begins now.
    """

    credential: Credential
    scope: Scope
    after: int | None
    ahead: int | None = None


class Listener:
    """Reads the log as fast as its client takes it; from the table once the log is ahead of it."""

    def __init__(self, asked: StreamRequest, hub: Hub) -> None:
        self.credential, self.scope, self._ahead = asked.credential, asked.scope, asked.ahead
        self._hub, self._log, self._closed = hub, hub.log, False
        self._after = hub.log.settled if asked.after is None else asked.after
        """None: what comes from now on, and the hub does not know yet where that is."""

    def close(self) -> None:
        """End the stream after the present chunk."""
        self._closed = True
        self._log.wake()

    async def chunks(self) -> AsyncIterator[bytes]:
        """All there is to send, until the listener is closed. Each chunk is read when the one before is sent."""
        log = self._log
        while log.settled is None and not self._closed:
            await log.changed.wait()
        start = self._hub.beginning if self._after is None else Beginning(after=self._after)
        last, beats = start.after, log.beats
        yield (sse.position(last) if self._ahead is None else sse.reset(last, ahead=self._ahead))
        while not self._closed:
            settled = log.settled or 0
            if batch := log.after(last):
                last, chunks = batch.upto, batch.chunks(self.scope)
            elif last < settled:
                page = await self._hub.page(replace(start, after=last), upto=settled, scope=self.scope)
                last, chunks = page.upto, page.chunks
            elif beats != log.beats:
                beats, chunks = log.beats, (sse.position(last),)
            else:
                await log.changed.wait()
                continue
            for chunk in chunks:
                yield chunk
