"""The newest events, kept once for all listeners of a process. A listener is no queue, but a place in here.

Who is too slow for what is kept finds the rest in the table.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from audit.stream.subscription import Scope, Told

KEPT = 32 * 1024 * 1024  # bytes of events, with what each takes besides its text
BESIDES = 1024  # bytes that an event, and a batch even without events, takes besides
CHUNK = 64 * 1024  # bytes that are written at once: about what a connection buffers before it asks to wait


@dataclass(kw_only=True, slots=True)
class Batch:
    """All events above `after` up to `upto`, both settled; `more` are settled already."""

    after: int
    upto: int
    events: Sequence[Told]
    more: bool = False
    _chunks: dict[Scope, tuple[bytes, ...]] = field(default_factory=dict)

    def chunks(self, scope: Scope) -> tuple[bytes, ...]:
        """What of it the scope admits; made once for all listeners who share the scope."""
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
    """`settled` is where the last batch ends, None before there is a first place. `beats` counts signs of life."""

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
        """Only the newest batch keeps what was made of it: whoever is late makes it again, and memory has a bound."""
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
        """Everybody who waits looks again."""
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
