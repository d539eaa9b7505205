"""The newest events, kept once for all listeners of a process. A listener is no queue, but a place in here.

A listener too slow for it reads the rest from the table.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from audit.stream.subscription import Scope, Told

KEPT = 32 * 1024 * 1024  # bytes of events, overhead included
BESIDES = 1024  # overhead in bytes of an event, and of a batch even if empty
CHUNK = 64 * 1024  # bytes written at once: about as many as a connection buffers


@dataclass(kw_only=True, slots=True)
class Batch:
    """All events above `after` up to `upto`, both settled; `more` are settled too."""

    after: int
    upto: int
    events: Sequence[Told]
    more: bool = False
    _chunks: dict[Scope, tuple[bytes, ...]] = field(default_factory=dict)

    def chunks(self, scope: Scope) -> tuple[bytes, ...]:
        """The events that the scope admits; made once for all listeners with that scope."""
        found = self._chunks.get(scope)
        if found is None:
            found = self._chunks[scope] = joined(each.text for each in self.events if scope.admits(each))
        return found

    def forget_chunks(self) -> None:
        self._chunks = {}

    @property
    def size(self) -> int:
        return BESIDES + sum(BESIDES + len(each.text) for each in self.events)


class Log:
    """`settled` is where the last batch ends, None before there is a first place. `beats` counts heartbeats."""

    def __init__(self) -> None:
        self.settled: int | None = None
        self.beats = 0
        self.changed = asyncio.Event()
        self._batches: OrderedDict[int, Batch] = OrderedDict()
        self._size = 0

    def begin(self, settled: int) -> None:
        self.settled = settled
        self.wake()

    def add(self, batch: Batch) -> None:
        """Add a batch, the only one with cached chunks: late listeners make them again, which bounds the memory."""
        if self._batches:
            next(reversed(self._batches.values())).forget_chunks()
        self._batches[batch.after] = batch
        self.settled = batch.upto
        self._size += batch.size
        while self._size > KEPT and len(self._batches) > 1:
            self._size -= self._batches.popitem(last=False)[1].size
        self.wake()

    def after(self, last: int) -> Batch | None:
        """The batch that begins there."""
        return self._batches.get(last)

    def beat(self) -> None:
        self.beats += 1
        self.wake()

    def wake(self) -> None:
        """Wake all waiting listeners."""
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()


def joined(texts: Iterable[bytes]) -> tuple[bytes, ...]:
    """The texts in pieces of about CHUNK bytes."""
    pieces: list[list[bytes]] = [[]]
    size = 0
    for text in texts:
        if size and size + len(text) > CHUNK:
            pieces.append([])
            size = 0
        pieces[-1].append(text)
        size += len(text)
    return tuple(b"".join(piece) for piece in pieces if piece)
