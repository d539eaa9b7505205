"""Read and write timeouts for HTTP clients, and a limit for the size of a request's head (its line and headers).

uvicorn has neither: it waits for a head, and for a client that does not read, without end. The body of a request is
limited in `orgsite.server.asgi_layers`.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lib.asgi import END, ENDING

MAX_HEAD = 64 * 1024  # bytes
PIECE = 16 * 1024  # bytes
LAST_READ = 1.0  # seconds that the client of an endless stream gets to read the rest at shutdown


class LimitedProtocol(HttpToolsProtocol):
    """A connection with a limit for heads (ORGSITE_HEAD_TIMEOUT, MAX_HEAD) and a write timeout (ORGSITE_BODY_TIMEOUT).

    The time for a head begins with the connection, or with the first byte of a later head. The write timeout closes the
    connection to a client that reads too slowly for more to be written.
    """

    # Danger: these are methods of a private class of uvicorn's. Check each of them when uvicorn is upgraded.

    _head_due: asyncio.TimerHandle | None = None
    _read_due: asyncio.TimerHandle | None = None
    _no_body = 0  # bytes since the last one of a body: the head, or the trailers of a chunked body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    # ---- reading

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE):
            if self.transport.is_closing():
                return
            piece = data[start : start + PIECE]
            self._no_body += len(piece)
            super().data_received(piece)
            if self._no_body > MAX_HEAD:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """The first byte of a request. Until it comes, uvicorn's keep-alive timeout applies."""
        super().on_message_begin()
        self._no_body = 0
        self._start_head_timer()

    def on_headers_complete(self) -> None:
        self._no_body = 0
        self._stop_head_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._no_body = 0
        super().on_body(body)

    # ---- writing

    def pause_writing(self) -> None:
        super().pause_writing()
        self._read_due = self._read_due or self.loop.call_later(settings.ORGSITE_BODY_TIMEOUT, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_write_timer()
        super().resume_writing()

    def shutdown(self) -> None:
        """Called when the process shuts down: end an event stream, which has no end of its own."""
        super().shutdown()
        scope: Any = self.scope  # None before the first request
        if scope:
            scope[ENDING] = True
        if scope and callable(end := scope.get(END)):
            end()
            self.loop.call_later(LAST_READ, self.transport.abort)

    # ---- timers

    def _start_head_timer(self) -> None:
        late = HTTPStatus.REQUEST_TIMEOUT
        self._head_due = self._head_due or self.loop.call_later(settings.ORGSITE_HEAD_TIMEOUT, self._refuse, late)

    def _stop_head_timer(self) -> None:
        if self._head_due:
            self._head_due.cancel()
            self._head_due = None

    def _stop_write_timer(self) -> None:
        if self._read_due:
            self._read_due.cancel()
            self._read_due = None

    def _refuse(self, status: HTTPStatus) -> None:
        """Send the status and close the connection; an answer that is being written is cut off."""
        if not self.transport.is_closing():
            line = f"HTTP/1.1 {status.value} {status.phrase}"
            self.transport.write(f"{line}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
            self.transport.close()
