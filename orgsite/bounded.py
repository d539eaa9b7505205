"""The length of a request's body, checked while it arrives: Django would first write all of it to the disk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from django.conf import settings

from orgsite.refusals import is_page_at, too_large

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

# So much of a refused body is still read (and thrown away), because most clients listen only when they have sent all.
PATIENCE = 128 * 1024 * 1024  # bytes


class BoundedBody:
    """An ASGI application around another one: a body longer than a template with its fields is refused with 413."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(receive, limit=settings.ORGSITE_MAX_BODY_BYTES, declared=_declared(scope))
        if not body.too_large:
            await self.app(scope, body.receive, send)
        if body.too_large:
            await body.drain()
            await _refuse(scope, send, size=body.size)


class _Body:
    """What arrives, counted. `size` is what was declared, or what came where that is more."""

    def __init__(self, receive: Receive, *, limit: int, declared: int) -> None:
        self._receive, self._limit = receive, limit
        self._came, self._more = 0, True
        self.size = declared

    @property
    def too_large(self) -> bool:
        return self.size > self._limit

    async def receive(self) -> Message:
        """The next part; where it is one too many, word that the client is gone, so that nothing is answered inside."""
        message = await self._next()
        return {"type": "http.disconnect"} if self.too_large else message

    async def drain(self) -> None:
        while self._more and self._came < PATIENCE:
            await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._came += len(message.get("body", b""))
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        self.size = max(self.size, self._came)
        return message


def _declared(scope: Scope) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


async def _refuse(scope: Scope, send: Send, *, size: int) -> None:
    response = too_large(size, page=is_page_at(scope["path"]))
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    headers.append((b"content-length", str(len(response.content)).encode()))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
