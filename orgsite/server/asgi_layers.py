"""The layers between the ASGI server and Django, outermost last: freed memory, limits for bodies, graceful shutdown.

Django's own limits for a body come too late: it reads the whole body first.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Collection

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from lib.asgi import App, Message, Receive, Scope, Send
from lib.database_errors import explained, trouble_of
from orgsite.server.middleware import HEADERS
from workspaces.web.error_responses import database_away, is_page_at, stopped, too_large, too_slow

logger = logging.getLogger(__name__)

OVER = "orgsite.over"  # the key in an ASGI scope of the request and its response, once there is one


class Handler(ASGIHandler):
    """Django's ASGI handler, which frees a request and its response as soon as the response is sent.

    Django leaves them in reference cycles: the lazy user of a request refers to the request; the cancelled task that
    waited for the client's disconnect has an exception, whose frame refers to both. Only the garbage collector would
    free them, with a whole body and a whole page in them.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().handle(scope, receive, send)
        # Only with a response: if the client hung up before, a thread may still be working on the request.
        for each in scope.pop(OVER, ()):
            vars(each).clear()

    async def run_get_response(self, request: HttpRequest) -> HttpResponseBase:
        response = await super().run_get_response(request)
        vars(request)["scope"][OVER] = (request, response)
        return response


class AtPaths:
    """An ASGI application in front of two: requests for certain paths go to the one, all others to the other."""

    def __init__(self, paths: Collection[str], app: App, *, otherwise: App) -> None:
        self.paths, self.app, self.otherwise = paths, app, otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        there = scope["type"] == "http" and scope["path"] in self.paths
        await (self.app if there else self.otherwise)(scope, receive, send)


# A refused body is read on to this size (and thrown away): most clients read the answer only after sending all of it.
MAX_DRAINED = 128 * 1024 * 1024  # bytes
# Beyond ORGSITE_BODY_TIMEOUT a body gets one more second for each MIN_RATE bytes received.
MIN_RATE = 16 * 1024  # bytes a second


class BoundedBody:
    """An ASGI application around another one: refuses a body that is too large with 413, and too slow with 408."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        send = _ignoring_closed(send)
        body = _Body(receive, declared=_declared(scope))
        if not body.too_large:
            await self._pass_on(scope, body, send)
        if body.too_large:
            await body.drain()
            await send_response(send, too_large(body.size, page=is_page_at(scope["path"])), last=body.late)
        elif body.late:
            await send_response(send, too_slow(page=is_page_at(scope["path"])), last=True)

    async def _pass_on(self, scope: Scope, body: _Body, send: Send) -> None:
        """Run the application, and answer if the disk for uploads is full."""
        try:
            await self.app(scope, body.receive, send)
        except OSError as error:  # Django spools a large body to the disk before its middleware: none can catch this
            trouble = trouble_of(error)
            if trouble is None:
                raise
            logger.error("%s %s: %s", scope["method"], scope["path"], explained(error))
            await send_response(send, database_away(trouble, page=is_page_at(scope["path"])), last=True)


class _Body:
    """The arriving body, counted and timed. `size` is the declared size, or the received one if that is larger."""

    def __init__(self, receive: Receive, *, declared: int) -> None:
        self._receive, self.size, self.late = receive, declared, False
        self._received, self._more = 0, True
        self._due = asyncio.get_running_loop().time() + settings.ORGSITE_BODY_TIMEOUT

    @property
    def too_large(self) -> bool:
        return self.size > int(settings.ORGSITE_MAX_BODY_BYTES)

    async def receive(self) -> Message:
        """The next part, or a disconnect if it is too large or too late: then the application sends no answer."""
        message = await self._next()
        return {"type": "http.disconnect"} if self.too_large or self.late else message

    async def drain(self) -> None:
        while self._more and not self.late and self._received < MAX_DRAINED:
            await self._next()

    async def _next(self) -> Message:
        if not self._more:  # after the body the application waits for the disconnect: that has no time limit
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._due + self._received / MIN_RATE):
                message = await self._receive()
        except TimeoutError:
            self.late = True
            return {"type": "http.disconnect"}
        self._received += len(message.get("body", b""))
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        self.size = max(self.size, self._received)
        return message


def _ignoring_closed(send: Send) -> Send:
    """`send` that drops messages to a client that hung up a moment ago, before uvicorn notices and does the same."""

    async def send_if_open(message: Message) -> None:
        try:
            await send(message)
        except RuntimeError as error:
            if "handler is closed" not in str(error):  # uvloop's words
                raise

    return send_if_open


def _declared(scope: Scope) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


async def send_response(send: Send, response: HttpResponse, *, last: bool) -> None:
    """Send the response past all middleware; `last` closes the connection after it."""
    named = {**HEADERS, "X-Content-Type-Options": "nosniff", **response.headers}
    headers = [(name.lower().encode(), value.encode()) for name, value in named.items()]
    headers.append((b"content-length", str(len(response.content)).encode()))
    if last:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


ANSWER_TIME = 2.0  # seconds for the answers to requests that were cut short


class GracefulShutdown:
    """An ASGI application around another one: requests in progress may finish within ORGSITE_SHUTDOWN_GRACE, and those
    that are still unfinished then are answered with 503.

    uvicorn stops listening, waits that long, and then cancels the rest. A view runs in a thread, which cannot be
    cancelled: the process ends without waiting for it, and the database rolls back its open transaction.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self._work: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Answer(send)
        work = asyncio.create_task(self.app(scope, receive, answer.send))
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            if not work.done():
                await self._cut_short(scope, answer)

    async def _cut_short(self, scope: Scope, answer: _Answer) -> None:
        """Answer 503 unless the answer has begun; whatever the view sends later is dropped."""
        answer.over = True
        logger.error("%s %s was cut short: the process has to end", scope["method"], scope["path"])
        if not answer.begun:
            await send_response(answer.raw, stopped(page=is_page_at(scope["path"])), last=True)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        if self._work:
            await self._end_now()
        await send({"type": "lifespan.shutdown.complete"})

    async def _end_now(self) -> None:
        """End the process if a view is still running."""
        await asyncio.sleep(ANSWER_TIME)
        if self._work:
            # Danger: this kills threads in the middle of their work. A normal exit would wait for each of them, without
            # end for one that hangs; their transactions are rolled back.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)


class _Answer:
    """Passes the application's answer on to the client, until `over` is set."""

    def __init__(self, send: Send) -> None:
        self.raw, self.begun, self.over = send, False, False

    async def send(self, message: Message) -> None:
        if not self.over:
            self.begun = True
            await self.raw(message)
