"""Requests as raw bytes on a socket, without an HTTP client that would correct them."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

PATIENCE = 90.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`seconds` passed between the last byte of the request and the answer's end."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


def request(
    method: str,
    target: str,
    *,
    body: bytes = b"",
    headers: Iterable[tuple[str, str | bytes]] = (),
    length: str | None = "",
) -> bytes:
    """The bytes of a request. `length` None leaves its declaration out, any other text but "" replaces it."""
    lines = [(key, value.encode("latin-1") if isinstance(value, str) else value) for key, value in headers]
    if length is not None:
        lines.append(("Content-Length", (length or str(len(body))).encode()))
    head = b"".join(key.encode() + b": " + value + b"\r\n" for key, value in lines)
    return f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n".encode() + head + b"\r\n" + body


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """A connection to the site."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=PATIENCE) as line:
        yield line


def exchange(url: str, data: bytes) -> Answer:
    """Send all of it and hear the answer, also where the site hangs up before it has heard the end."""
    with connected(url) as line:
        with suppress(BrokenPipeError, ConnectionResetError):
            line.sendall(data)
        return heard(line)


def heard(line: socket.socket) -> Answer:
    """The answer on that connection. Raises HTTPException or OSError where there is none."""
    start = time.monotonic()
    response = http.client.HTTPResponse(line)
    response.begin()
    body = response.read()
    return Answer(
        status=response.status,
        headers={key.lower(): value for key, value in response.getheaders()},
        body=body,
        seconds=time.monotonic() - start,
    )
