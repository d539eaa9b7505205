"""All listeners of one process: one reader for them, started by the first, stopped when the last one leaves."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.db import Error

from audit.stream.database_thread import Desk
from audit.stream.feed import FeedPage, Reader, page
from audit.stream.listener import Credential, Listener, StreamRequest
from audit.stream.ring_buffer import Log
from audit.stream.subscription import Scope
from audit.stream.watermark import Beginning
from lib.database_errors import explained

logger = logging.getLogger(__name__)

INTERVAL = 0.15  # seconds between two looks at the table
RETRY = 2.0  # seconds until the next query after the database was away
PAGES = 4  # desks (connections) shared by listeners that are behind

Answer = TypeVar("Answer")


class WentBack(Exception):
    """The table was replaced by an older state of itself."""


class Hub:
    """Belongs to one event loop. `beginning` is the start for listeners that came before the first settled place.

    `standing` asks the database which credentials still hold, and for the organizations in reach of each (None: all).
    """

    def __init__(
        self, *, standing: Callable[[Collection[Credential]], Mapping[Credential, frozenset[str] | None]]
    ) -> None:
        self._standing = standing
        self.listeners: set[Listener] = set()
        self._of: Counter[int] = Counter()  # user → how many of them
        self.log = Log()
        self.beginning = Beginning(after=0)
        self._work: asyncio.Task[None] | None = None
        self._away = False
        self._reads: dict[tuple[Beginning, int, Scope], asyncio.Task[FeedPage]] = {}

    def join(self, asked: StreamRequest) -> Listener:
        if self._work is None:
            self._start()
        listener = Listener(asked, self)
        self.listeners.add(listener)
        self._of[listener.credential.user_id] += 1
        return listener

    def leave(self, listener: Listener) -> None:
        if listener in self.listeners:
            self.listeners.remove(listener)
            self._of -= Counter([listener.credential.user_id])
        if not self.listeners:
            self._stop()

    def count(self, user_id: int) -> int:
        """The number of the user's listeners, over all tokens and sessions; other threads call it too."""
        return self._of[user_id]

    async def page(self, start: Beginning, *, upto: int, scope: Scope) -> FeedPage:
        """A page of the table, shared by concurrent equal requests. Waits while the database is away."""
        wanted = (start, upto, scope)
        if wanted not in self._reads:
            read = partial(page, start, upto=upto, scope=scope)
            self._reads[wanted] = asyncio.create_task(self._insist(self._free_desk(), read))
            self._reads[wanted].add_done_callback(lambda _: self._reads.pop(wanted))
        return await asyncio.shield(self._reads[wanted])

    # ---- background tasks

    def _start(self) -> None:
        self.log, self._reader, self._away = Log(), Reader(), False
        self._following, self._paging = Desk(), [Desk() for _ in range(PAGES)]
        self._work = asyncio.create_task(self._run())

    def _stop(self) -> None:
        if self._work is None:
            return
        for task in (self._work, *self._reads.values()):
            task.cancel()
        self._work = None
        for desk in (self._following, *self._paging):
            desk.leave()

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as work:
                work.create_task(self._follow())
                work.create_task(self._beat())
                work.create_task(self._recheck())
        except Exception:
            logger.exception("the event stream broke off; its %d listeners will connect again", len(self.listeners))
            self._stop()
            for listener in self.listeners:
                listener.close()

    async def _follow(self) -> None:
        reader = self._reader
        self.beginning = await self._insist(self._following, reader.begin)
        while (settled := await self._insist(self._following, reader.settle)) is None:
            await asyncio.sleep(INTERVAL)
        self.log.begin(settled)
        while True:
            batch = await self._insist(self._following, reader.step)
            if batch:
                self.log.add(batch)
            await asyncio.sleep(0 if batch and batch.more else INTERVAL)

    async def _beat(self) -> None:
        """Send heartbeats. If the table was replaced by an older one, disconnect all; they are told on return."""
        while True:
            await asyncio.sleep(settings.ORGSITE_STREAM_KEEPALIVE)
            if await self._went_back():
                raise WentBack("the table of events is older than what was read from it; was a backup restored?")
            self.log.beat()

    async def _went_back(self) -> bool:
        """One try: while the database is away heartbeats go on, and `_follow` waits for it."""
        try:
            return await self._following.ask(self._reader.went_back)
        except Error:
            return False

    async def _recheck(self) -> None:
        """Disconnect listeners that lost the right; give the others their present reach."""
        while True:
            await asyncio.sleep(settings.ORGSITE_STREAM_RECHECK)
            asked = list(self.listeners)
            ask = partial(self._standing, {each.credential for each in asked})
            still = await self._insist(self._free_desk(), ask)
            for each in asked:
                if each.credential in still:
                    each.scope = each.scope.within(still[each.credential])
                if each.credential not in still or each.scope.is_lost:
                    each.close()

    def _free_desk(self) -> Desk:
        return min(self._paging, key=lambda desk: desk.waiting)

    async def _insist(self, desk: Desk, question: Callable[[], Answer]) -> Answer:
        """The answer, retried while the database is away, which is logged once."""
        while True:
            try:
                answer = await desk.ask(question)
            except Error as error:
                if not self._away:
                    logger.error(
                        "the event stream lost the database, and tries again every %s s: %s", RETRY, explained(error)
                    )
                self._away = True
                await asyncio.sleep(RETRY)
            else:
                if self._away:
                    logger.warning("the event stream has the database again")
                self._away = False
                return answer
