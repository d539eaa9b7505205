"""One user holds no more than their share of a process's streams."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.audit.streams import PATIENCE, People, Stream, listening
from tests.hostile.wire import connected, heard, request
from tests.sites import Site, running_site

pytestmark = pytest.mark.once

SHARE = 3


@pytest.fixture(scope="module")
def narrow(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    share = {"ORGSITE_MAX_STREAMS_PER_USER": str(SHARE)}
    with running_site(tmp_path_factory.mktemp("shares"), site.database, **share) as other:
        with connected(other.url) as line:
            line.settimeout(4 * PATIENCE)  # until it has started
            line.sendall(request("GET", "/healthz"))
            assert heard(line).status == 200
        yield other


def opened(stack: ExitStack, site: Site, token: str) -> Stream:
    """A stream that has begun."""
    stream = stack.enter_context(listening(site, token))
    stream.position()
    return stream


def test_beyond_their_share_a_user_is_told_to_wait_and_others_come_in(narrow: Site, people: People) -> None:
    bob, key = people.tokens["bob"], people.session("bob")
    with ExitStack() as stack:
        for _ in range(SHARE):
            opened(stack, narrow, bob)
        for how in ({"token": bob}, {"session": key}):
            with listening(narrow, **how) as one_more:
                assert one_more.response.status == 429
                assert one_more.response.headers["Retry-After"]
                assert b"as one user may" in one_more.response.read()
        opened(stack, narrow, people.tokens["alice"])


def test_a_stream_that_ends_makes_room(narrow: Site, people: People) -> None:
    charlie = people.tokens["charlie"]
    with ExitStack() as stack, ExitStack() as first:
        opened(first, narrow, charlie)
        for _ in range(SHARE - 1):
            opened(stack, narrow, charlie)
        first.close()
        due = time.monotonic() + 4 * PATIENCE
        while True:
            with listening(narrow, charlie) as another:
                if another.response.status == 200:
                    break
            assert time.monotonic() < due, "the place is not given back"
            time.sleep(0.1)
