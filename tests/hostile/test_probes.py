"""Health probes as machines send them: over a bare socket, in any version of HTTP, with any `Host` or none."""

from __future__ import annotations

import pytest

from tests.hostile.wire import exchange
from tests.sites import Site

pytestmark = pytest.mark.once

HEADS = {
    "no host in 1.0": b"GET %s HTTP/1.0\r\n\r\n",
    "no host in 1.1": b"GET %s HTTP/1.1\r\nConnection: close\r\n\r\n",
    "a machine's address": b"GET %s HTTP/1.1\r\nHost: 10.42.0.17:8000\r\nConnection: close\r\n\r\n",
    "two hosts": b"GET %s HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
    "bytes": b"GET %s HTTP/1.1\r\nHost: \xff\xfe\r\nConnection: close\r\n\r\n",
    "an absolute address": b"GET http://10.42.0.17%s HTTP/1.1\r\nHost: 10.42.0.17\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("path", [b"/healthz", b"/healthz/", b"/readyz", b"/readyz/"])
@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_a_probe_is_answered(site: Site, head: bytes, path: bytes) -> None:
    assert exchange(site.url, head % path).status == 200


@pytest.mark.parametrize("head", [each for name, each in HEADS.items() if "no host" not in name])
def test_nothing_else_is_answered_for_a_strange_host(site: Site, head: bytes) -> None:
    assert exchange(site.url, head % b"/admin/login/").status == 400
