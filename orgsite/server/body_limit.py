"""The length of a request's body and the time it takes, checked while it arrives: Django would wait for all of it."""

from __future__ import annotations

import asyncio
import logging

from django.conf import settings
from django.http import HttpResponse

from lib.asgi import App, Message, Receive, Scope, Send
from lib.database_errors import explained, trouble_of
from orgsite.server.middleware import HEADERS
from workspaces.web.error_responses import database_away, is_page_at, too_large, too_slow

logger = logging.getLogger(__name__)

# So much of a refused body is still read (and thrown away), because most clients listen only when they have sent all.
PATIENCE = 128 * 1024 * 1024  # bytes
# Beyond ORGSITE_BODY_TIMEOUT a body may take a second more for so many bytes of it.
SLOWEST = 16 * 1024  # bytes a second


class BoundedBody:
    """An ASGI application around another one: too long a body is refused with 413, too slow a one with 408."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        send = _unless_gone(send)
        body, page = _Body(receive, declared=_declared(scope)), is_page_at(scope["path"])
        if not body.too_large:
            await self._pass_on(scope, body, send, page=page)
        if body.too_large:
            await body.drain()
            await say(send, too_large(body.size, page=page), last=body.late)
        elif body.late:
            await say(send, too_slow(page=page), last=True)

    async def _pass_on(self, scope: Scope, body: _Body, send: Send, *, page: bool) -> None:
        """Django puts a large body on the disk before any of its middleware sees the request."""
        try:
            await self.app(scope, body.receive, send)
        except OSError as error:
            trouble = trouble_of(error)
            if trouble is None:
                raise
            logger.error("%s %s: %s", scope["method"], scope["path"], explained(error))
            await say(send, database_away(trouble, page=page), last=True)


class _Body:
    """What arrives, counted and timed. `size` is what was declared, or what came where that is more."""

    def __init__(self, receive: Receive, *, declared: int) -> None:
        self._receive, self.size, self.late = receive, declared, False
        self._came, self._more = 0, True
        self._due = asyncio.get_running_loop().time() + settings.ORGSITE_BODY_TIMEOUT

    @property
    def too_large(self) -> bool:
        return self.size > int(settings.ORGSITE_MAX_BODY_BYTES)

    async def receive(self) -> Message:
        """The next part; where it is one too many or too late, word that the client is gone: nobody answers inside."""
        message = await self._next()
        return {"type": "http.disconnect"} if self.too_large or self.late else message

    async def drain(self) -> None:
        while self._more and not self.late and self._came < PATIENCE:
            await self._next()

    async def _next(self) -> Message:
        """After the end of the body the application listens for the client to go, as long as it likes."""
        if not self._more:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._due + self._came / SLOWEST):
                message = await self._receive()
        except TimeoutError:
            self.late = True
            return {"type": "http.disconnect"}
        self._came += len(message.get("body", b""))
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        self.size = max(self.size, self._came)
        return message


def _unless_gone(send: Send) -> Send:
    """What is sent to who hung up a moment ago is dropped: uvicorn does that itself, once it has heard of it."""

    async def sent(message: Message) -> None:
        try:
            await send(message)
        except RuntimeError as error:
            if "handler is closed" not in str(error):  # uvloop's words
                raise

    return sent


def _declared(scope: Scope) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


async def say(send: Send, response: HttpResponse, *, last: bool) -> None:
    """Send the response, which no middleware sees; after a `last` one nothing is read of the connection any more."""
    said = {**HEADERS, "X-Content-Type-Options": "nosniff", **response.headers}
    headers = [(name.lower().encode(), value.encode()) for name, value in said.items()]
    headers.append((b"content-length", str(len(response.content)).encode()))
    if last:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
