"""A thread that queries the database, on a connection that is open while there is work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from django.db import Error, connection

LINGER = 1.0  # seconds without work after which the connection is closed: opening one can take longer than a query

Answer = TypeVar("Answer")


class Desk:
    """Answers one question after the other. `waiting` are the unanswered ones."""

    def __init__(self) -> None:
        self.waiting, self._left = 0, False
        self._thread = ThreadPoolExecutor(1, "events")
        self._rest: asyncio.TimerHandle | None = None

    async def ask(self, question: Callable[[], Answer]) -> Answer:
        """The answer; after a database error the next question gets another connection."""
        loop = asyncio.get_running_loop()
        self._stay()
        self.waiting += 1
        try:
            return await loop.run_in_executor(self._thread, _answer, question)
        finally:
            self.waiting -= 1
            self._stay()
            if not self.waiting and not self._left:
                self._rest = loop.call_later(LINGER, self._thread.submit, _close)

    def leave(self) -> None:
        """Stop the thread."""
        self._stay()
        self._left = True
        self._thread.submit(_close)
        self._thread.shutdown(wait=False)

    def _stay(self) -> None:
        if self._rest:
            self._rest.cancel()
            self._rest = None


def _answer(question: Callable[[], Answer]) -> Answer:
    try:
        return question()
    except Error:
        _close()
        raise


def _close() -> None:
    """Close this thread's connection, also a broken one."""
    with suppress(Error):
        connection.close()
