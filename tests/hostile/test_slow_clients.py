"""Clients that are slow on purpose: each is answered or hung up on, and nobody else waits for them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from tests.hostile.conftest import PATIENCE
from tests.hostile.inside import Inside
from tests.hostile.wire import connected, exchange, heard, request
from tests.sites import Site

pytestmark = pytest.mark.once

SOON = 60 * PATIENCE  # seconds: far less than it would take to wait for what never comes
LARGE = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"  # more than a mebibyte


@pytest.fixture
def line(site: Site) -> Iterator[socket.socket]:
    with connected(site.url) as line:
        yield line


def dripped(line: socket.socket, data: bytes, *, every: float = 0.1) -> float:
    """Send a byte at a time until nobody listens any more: how long that took, in seconds."""
    start = time.monotonic()
    line.settimeout(0.001)
    for byte in data:
        try:
            line.sendall(bytes([byte]))
            if line.recv(1, socket.MSG_PEEK) is not None:
                break
        except TimeoutError:
            time.sleep(every)
        except OSError:
            break
    line.settimeout(SOON)
    return time.monotonic() - start


def read_to_the_end(line: socket.socket) -> int:
    """How many answers come before the connection ends."""
    found = 0
    with suppress(ConnectionResetError):
        while data := line.recv(2**20):
            found += data.count(b"HTTP/1.1 200")
    return found


def test_a_connection_that_says_nothing_is_closed(line: socket.socket) -> None:
    assert heard(line).status == 408


def test_headers_that_drip_in_are_refused(line: socket.socket) -> None:
    assert dripped(line, b"GET /healthz HTTP/1.1\r\nX-Slow: " + b"a" * 1_000) < SOON
    assert heard(line).status == 408


@pytest.mark.parametrize("path", ["/org/import", "/admin/import/"])
def test_a_body_that_does_not_come_is_refused(line: socket.socket, path: str) -> None:
    line.sendall(request("POST", path, length="100"))
    answer = heard(line)
    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert answer.seconds < SOON
    assert b"too slowly" in answer.body


@pytest.mark.parametrize("length", ["100000", None], ids=["declared", "chunked"])
def test_a_body_that_drips_in_is_refused(line: socket.socket, length: str | None) -> None:
    chunked = [] if length else [("Transfer-Encoding", "chunked")]
    line.sendall(request("POST", "/org/import", length=length, headers=chunked))
    assert dripped(line, b"x" * 1_000 if length else b"1\r\nx\r\n" * 200) < SOON
    assert heard(line).status == 408


def test_a_refused_body_that_does_not_come_is_not_waited_for(line: socket.socket) -> None:
    line.sendall(request("POST", "/org/import", length=str(100 * 2**20)))
    answer = heard(line)
    assert (answer.status, answer.seconds < SOON) == (413, True)


def test_a_body_that_comes_steadily_may_take_longer(line: socket.socket, inside: Inside) -> None:
    body = b'{"org": "acme", "dry_run": true, "template": {"name": "Dev", "description": "' + b"x" * 600_000 + b'"}}'
    token = [("Authorization", f"Bearer {inside.token}"), ("Content-Type", "application/json")]
    line.sendall(request("POST", "/org/import", length=str(len(body)), headers=token))
    for start in range(0, len(body), 100_000):
        line.sendall(body[start : start + 100_000])
        time.sleep(0.3 * PATIENCE)
    assert heard(line).status == 200


def test_a_second_request_has_the_same_time_for_its_headers(line: socket.socket) -> None:
    line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert heard(line).status == 200
    line.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
    assert heard(line).status == 408


@pytest.mark.parametrize("unsaid", [b"X-Long: " + b"a" * 200_000, b"X: y\r\n" * 50_000], ids=["one", "many"])
def test_headers_without_an_end_are_too_large(site: Site, unsaid: bytes) -> None:
    assert exchange(site.url, b"GET /healthz HTTP/1.1\r\n" + unsaid).status == 431


def test_what_follows_a_body_has_a_limit_too(site: Site) -> None:
    trailer = b"0\r\nX-Long: " + b"a" * 200_000
    data = request("POST", "/healthz", length=None, headers=[("Transfer-Encoding", "chunked")]) + trailer
    assert exchange(site.url, data).status == 431


def test_a_reader_who_does_not_read_is_hung_up_on(site: Site) -> None:
    asked = f"GET {LARGE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with connected(site.url) as line:
        line.sendall(asked * 30)
        time.sleep(3 * PATIENCE)
        assert 0 < read_to_the_end(line) < 30


def test_many_slow_clients_keep_nobody_waiting(site: Site) -> None:
    with ExitStack() as stack:
        for _ in range(200):
            line = stack.enter_context(connected(site.url))
            line.sendall(request("POST", "/org/import", length="1000", body=b"{"))
        assert exchange(site.url, request("GET", "/healthz")).seconds < SOON
