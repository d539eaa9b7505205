"""Graceful shutdown: requests in progress may finish within ORGSITE_SHUTDOWN_GRACE.

uvicorn stops listening, waits that long, and then cancels the rest. A view runs in a thread, which cannot be cancelled:
its client gets 503, and the process ends without waiting for it. The database then rolls back its open transaction.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal

from lib.asgi import App, Message, Receive, Scope, Send
from orgsite.server.body_limit import send_response
from workspaces.web.error_responses import is_page_at, stopped

logger = logging.getLogger(__name__)

ANSWER_TIME = 2.0  # seconds for the answers to requests that were cut short


class GracefulShutdown:
    """An ASGI application around another one: answers 503 to requests that are unfinished when the grace is over."""

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
