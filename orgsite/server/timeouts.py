"""HTTP connections that may be slow, but not for ever and not without measure.

uvicorn waits without end for the head of a request (its line and headers) and for a reader who does not read, and takes
a head of any size. A request's body is `orgsite.server.body_limit`'s.
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
LAST_WORDS = 1.0  # seconds that a client without end gets to read on when the process ends


class PatientProtocol(HttpToolsProtocol):
    """A connection with a limit for heads (ORGSITE_HEAD_TIMEOUT, MAX_HEAD), and one for readers who do not read.

    The time for a head begins with the connection, or with the first byte of a later head. A reader who does not take
    enough for more to be written within ORGSITE_BODY_TIMEOUT is hung up on.
    """

    _head_due: asyncio.TimerHandle | None = None
    _read_due: asyncio.TimerHandle | None = None
    _no_body = 0  # bytes in a row that were none of a body: the head, or what follows a chunked body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        self._was_read()
        super().connection_lost(exc)

    # ---- what comes

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
        """The first byte of a request. On a connection that was kept open uvicorn has waited for it, with a limit."""
        super().on_message_begin()
        self._no_body = 0
        self._await_head()

    def on_headers_complete(self) -> None:
        self._no_body = 0
        self._head_came()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._no_body = 0
        super().on_body(body)

    # ---- what goes

    def pause_writing(self) -> None:
        super().pause_writing()
        self._read_due = self._read_due or self.loop.call_later(settings.ORGSITE_BODY_TIMEOUT, self.transport.abort)

    def resume_writing(self) -> None:
        self._was_read()
        super().resume_writing()

    def shutdown(self) -> None:
        """The process is to end: an answer that would never end by itself is ended now."""
        super().shutdown()
        scope: Any = self.scope  # None before the first request
        if scope:
            scope[ENDING] = True
        if scope and callable(end := scope.get(END)):
            end()
            self.loop.call_later(LAST_WORDS, self.transport.abort)

    # ---- what is waited for

    def _await_head(self) -> None:
        late = HTTPStatus.REQUEST_TIMEOUT
        self._head_due = self._head_due or self.loop.call_later(settings.ORGSITE_HEAD_TIMEOUT, self._refuse, late)

    def _head_came(self) -> None:
        if self._head_due:
            self._head_due.cancel()
            self._head_due = None

    def _was_read(self) -> None:
        if self._read_due:
            self._read_due.cancel()
            self._read_due = None

    def _refuse(self, status: HTTPStatus) -> None:
        """Say so in one line and hang up; an answer that is being written is cut off."""
        if not self.transport.is_closing():
            line = f"HTTP/1.1 {status.value} {status.phrase}"
            self.transport.write(f"{line}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
            self.transport.close()
