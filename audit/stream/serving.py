"""The stream's half outside of Django.

Django's request lasts as long as its answer, and keeps a thread and its resources. So here Django only checks the
rights, in a request of the usual length, and the stream continues after it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from audit.stream.hub import HUB, Hub
from audit.stream.listener import Listener
from lib.asgi import END, ENDING, App, Message, Receive, Scope, Send

ASKED = "orgsite.asked"  # the key in the scope under which the view leaves the stream's request
PATHS = frozenset({"/events/stream", "/events/stream/"})
AT_ONCE = 8  # concurrent requests to Django: each takes a database connection


class Streams:
    """An ASGI application around another one, at PATHS: continues an answer if its view asked for it."""

    def __init__(self, app: App, hub: Hub = HUB) -> None:
        self.app, self.hub, self._turns = app, hub, asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if await _whole(receive):
            async with self._turns:
                await self.app(scope, _without_body(receive), _left_open(scope, send))
            if ASKED in scope:
                await self._go_on(scope, receive, send)

    async def _go_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        listener = self.hub.join(scope[ASKED])
        scope[END] = listener.close
        if ENDING in scope:
            listener.close()
        telling = asyncio.create_task(_tell(listener, send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((telling, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.hub.leave(listener)
            for task in (telling, leaving):
                task.cancel()
        with suppress(asyncio.CancelledError):
            await telling


async def _tell(listener: Listener, send: Send) -> None:
    async for chunk in listener.chunks():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _whole(receive: Receive) -> bool:
    """Read and drop the whole body; False if the client goes before its end."""
    message: Message = {"more_body": True}
    while message.get("more_body", False):
        message = await receive()
    return bool(message["type"] == "http.request")


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _without_body(receive: Receive) -> Receive:
    """A `receive` with an empty body first: a slow client must not hold up the others' turns."""
    begun = False

    async def read() -> Message:
        nonlocal begun
        if begun:
            return await receive()
        begun = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return read


def _left_open(scope: Scope, send: Send) -> Send:
    """Django's messages, without end and length if a stream follows."""

    async def pass_on(message: Message) -> None:
        if ASKED in scope and message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message["headers"] if name.lower() != b"content-length"]
            message = {**message, "headers": kept}
        elif ASKED in scope:
            message = {**message, "more_body": True}
        await send(message)

    return pass_on
