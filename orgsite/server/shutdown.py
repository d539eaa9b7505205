"""The end of a process that was asked to stop: requests at work finish, within ORGSITE_SHUTDOWN_GRACE.

uvicorn listens no more, waits that long, and then cancels what is left. A view runs in a thread, which nothing can
cancel: its client is told so, and the process ends all the same. Its open transaction is then rolled back.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal

from lib.asgi import App, Message, Receive, Scope, Send
from orgsite.server.body_limit import say
from workspaces.web.error_responses import is_page_at, stopped

logger = logging.getLogger(__name__)

LAST_WORDS = 2.0  # seconds for the answers to requests that were cut short


class Ending:
    """An ASGI application around another one: what is unfinished when the grace is over is answered with 503."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._work: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
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
        """Say that the site was stopped, unless the answer has begun; what the view says later is dropped."""
        answer.over = True
        logger.error("%s %s was cut short: the process has to end", scope["method"], scope["path"])
        if not answer.begun:
            await say(answer.raw, stopped(page=is_page_at(scope["path"])), last=True)

    async def _live(self, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        if self._work:
            await self._end_now()
        await send({"type": "lifespan.shutdown.complete"})

    async def _end_now(self) -> None:
        """End by the signal that asked for it, whatever threads still do; Python would wait for each of them."""
        await asyncio.sleep(LAST_WORDS)
        if self._work:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)


class _Answer:
    """The answer to the client, until somebody else says the last word."""

    def __init__(self, send: Send) -> None:
        self.raw, self.begun, self.over = send, False, False

    async def send(self, message: Message) -> None:
        if not self.over:
            self.begun = True
            await self.raw(message)
