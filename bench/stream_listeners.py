"""Many listeners in one process: `python -m bench.stream_listeners PORT TOKEN NUMBER`.

It prints a line when all are connected, reads the name of a file from its standard input (the expected ids, as JSON),
and then prints the number of wrong ids and the lags of events. Parsed pieces are cached by their bytes, because all
listeners get the same: the benchmark has to measure the site, not this program.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import uvloop

EVENT = re.compile(rb'id: (\d+)\nevent: [^\n]*\ndata: [^\n]*"created_at":"([^"]+)"\}\n\n')
FIRST_ID = b": here\nid: "
LAST_WAIT = 30  # seconds for missing events, once the expected ids are known
KNOWN = 64  # pieces in the cache


class Piece(NamedTuple):
    """The events of one read: their ids, and (time of creation in seconds, number) pairs."""

    ids: tuple[int, ...]
    created: tuple[tuple[float, int], ...]


class Listener(asyncio.Protocol):
    known: dict[bytes, Piece] = {}

    def __init__(self, request: bytes) -> None:
        self.request, self.connected = request, asyncio.get_running_loop().create_future()
        self.pieces: list[tuple[float, Piece]] = []
        self.count, self.left = 0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self.request)  # type: ignore[attr-defined]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.connected.done():
            self.connected.set_exception(ConnectionError(f"not connected: {exc}, after {self.left!r}"))

    def data_received(self, data: bytes) -> None:
        now = time.time()
        if not self.connected.done():
            self.left += data
            if b"200 OK" in self.left and FIRST_ID in self.left:
                self.connected.set_result(None)
                self.left = b""
            return
        piece = None if self.left else self.known.get(data)
        if piece is None:
            piece = self.read(data)
        self.pieces.append((now, piece))
        self.count += len(piece.ids)

    def read(self, data: bytes) -> Piece:
        """Parse the whole events, and keep the rest. Lines of the chunked encoding are between events, never inside."""
        whole, data = not self.left, self.left + data
        end = data.rfind(b"\n\n") + 2
        at, self.left = data.rfind(b"\r\n"), b""
        if end > 1 and data[end:].strip(b"\r\n"):
            self.left = data[end:]
        elif end <= 1:
            self.left = data
        found = EVENT.findall(data)
        created = Counter(datetime.fromisoformat(text.decode()).timestamp() for _, text in found)
        piece = Piece(tuple(int(number) for number, _ in found), tuple(created.items()))
        if whole and not self.left and at >= 0:
            self.known[data] = piece
            if len(self.known) > KNOWN:
                del self.known[next(iter(self.known))]
        return piece


def _itself(listener: Listener) -> Listener:
    return listener


async def listen(port: int, token: str, number: int) -> None:
    loop, start = asyncio.get_running_loop(), time.monotonic()
    head = f"GET /events/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    listeners = [Listener(head) for _ in range(number)]
    await asyncio.gather(*(loop.create_connection(partial(_itself, each), "127.0.0.1", port) for each in listeners))
    await asyncio.gather(*(each.connected for each in listeners))
    print_json(connected=time.monotonic() - start)
    spent, start = time.process_time(), time.monotonic()
    expected = json.loads(Path((await loop.run_in_executor(None, sys.stdin.readline)).strip()).read_text())
    beside = (time.process_time() - spent) / (time.monotonic() - start)
    due = time.monotonic() + LAST_WAIT
    while any(each.count < len(expected) for each in listeners) and time.monotonic() < due:
        await asyncio.sleep(0.05)
    print_json(wrong=sum(wrong(each, expected) for each in listeners), lags=lags(listeners), beside=beside)


def wrong(listener: Listener, expected: list[int]) -> int:
    """The number of ids that are missing, unexpected, repeated or out of order."""
    got = [number for _, piece in listener.pieces for number in piece.ids]
    if got == expected:
        return 0
    missing, strange = set(expected) - set(got), len(got) - len(set(got) & set(expected))
    fell = sum(one >= other for one, other in pairwise(got))
    return len(missing) + strange + fell


def lags(listeners: list[Listener]) -> dict[str, float]:
    """Percentiles of the lag in seconds, rounded to milliseconds."""
    found: Counter[int] = Counter()
    for listener in listeners:
        for now, piece in listener.pieces:
            for created, number in piece.created:
                found[round((now - created) * 1_000)] += number
    every, passed, shown = found.total(), 0, {"max": max(found) / 1_000}
    for lag in sorted(found):
        passed += found[lag]
        for name, part in (("p50", 0.5), ("p99", 0.99)):
            if passed >= part * every and name not in shown:
                shown[name] = lag / 1_000
    return {name: shown[name] for name in ("p50", "p99", "max")}


def print_json(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    uvloop.run(listen(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
