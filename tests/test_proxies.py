"""Whom the site believes about where a request came from."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from orgsite import env
from orgsite.server.trusted_proxies import BehindProxies, Proxies, parse

TRUSTED = Proxies.of(["10.0.0.0/8", "fd00::/8", "192.0.2.1"])


def identified(
    peer: str | None, *headers: tuple[str, str], trusted: Proxies = TRUSTED, scheme: str = "http"
) -> tuple[str | None, str, list[bytes]]:
    """The client, the scheme and the names of the headers that the site behind hears of."""
    heard: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        heard.update(scope)

    lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    scope = {"type": "http", "client": (peer, 5) if peer else None, "scheme": scheme, "headers": lines}
    asyncio.run(BehindProxies(app, trusted)(scope, None, None))  # type: ignore[arg-type]
    return heard["client"][0] if heard["client"] else None, heard["scheme"], [name for name, _ in heard["headers"]]


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("203.0.113.9, 10.0.0.9, 198.51.100.7, 192.0.2.1", "198.51.100.7"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("fe80::1%<script>", "fe80::1"),
        ("198.51.100.7,fd00::2", "198.51.100.7"),
        ("198.51.100.7, unknown", "10.0.0.1"),
        ("198.51.100.7, 10.0.0.2, _hidden, 10.0.0.4", "10.0.0.4"),
        ("198.51.100.7, ", "10.0.0.1"),
        ("", "10.0.0.1"),
        ("<b>, 198.51.100.7", "198.51.100.7"),
        ("198.51.100.007", "10.0.0.1"),
        ("127.1", "10.0.0.1"),
        ("10.0.0.1\xff", "10.0.0.1"),
    ],
)
def test_the_right_most_address_that_is_no_proxy_is_the_client(chain: str, client: str) -> None:
    assert identified("10.0.0.1", ("X-Forwarded-For", chain))[0] == client


def test_several_lines_are_one_list() -> None:
    lines = [("X-Forwarded-For", each) for each in ("203.0.113.9", "198.51.100.7", "10.0.0.2")]
    assert identified("10.0.0.1", *lines)[0] == "198.51.100.7"


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "192.0.2.2", "::ffff:192.0.2.9", None])
def test_nobody_else_is_believed(peer: str | None) -> None:
    forged = [("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=10.0.0.1")]
    assert identified(peer, *forged) == (peer and peer.removeprefix("::ffff:"), "http", [])


def test_without_the_setting_not_even_this_machine_is_believed() -> None:
    for peer in ("127.0.0.1", "10.0.0.1"):
        assert identified(peer, ("X-Forwarded-For", "8.8.8.8"), trusted=Proxies())[:2] == (peer, "http")


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "fd12::1", "192.0.2.1"])
def test_a_proxy_is_known_in_any_notation(peer: str) -> None:
    assert identified(peer, ("X-Forwarded-For", "198.51.100.7"))[0] == "198.51.100.7"


@pytest.mark.parametrize("trusted", [True, False])
def test_a_unix_socket_is_a_proxy_where_the_setting_says_so(trusted: bool) -> None:
    told = identified(None, ("X-Forwarded-For", "198.51.100.7"), trusted=Proxies(unix=trusted))
    assert told[0] == ("198.51.100.7" if trusted else None)


@pytest.mark.parametrize(
    ("told", "scheme"),
    [
        (["https"], "https"),
        (["HTTPS"], "https"),
        (["http"], "http"),
        (["https, http"], "http"),  # the proxy appended what it was asked by
        (["https", "http"], "http"),
        (["http, https"], "https"),
        (["ftp"], "http"),
        (["https;"], "http"),
        ([""], "http"),
        ([], "http"),
    ],
)
def test_the_scheme_is_what_the_proxy_says_of_the_client(told: list[str], scheme: str) -> None:
    lines = [("X-Forwarded-Proto", each) for each in told]
    assert identified("10.0.0.1", ("X-Forwarded-For", "198.51.100.7"), *lines)[1] == scheme


def test_the_scheme_of_a_chain_is_the_first_proxys() -> None:
    lines = [("X-Forwarded-For", "198.51.100.7, 10.0.0.2"), ("X-Forwarded-Proto", "https, http")]
    assert identified("10.0.0.1", *lines)[1] == "https"


def test_a_proxy_that_says_http_makes_https_http() -> None:
    assert identified("10.0.0.1", ("X-Forwarded-Proto", "http"), scheme="https")[1] == "http"


def test_what_tells_of_the_client_ends_here() -> None:
    names = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "Forwarded", "X-Real-IP", "Accept"]
    assert identified("10.0.0.1", *[(name, "10.0.0.9") for name in names])[2] == [b"accept"]


@pytest.mark.parametrize("text", ["", "[", "[::1", "a:b", "1.2.3", "1.2.3.4.5", "::1::", "10.0.0.0/8", "0x7f.1"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert str(parse(text) or "") in ("", "::1")


@pytest.mark.parametrize(
    "value",
    [
        "nginx",
        "10.0.0.1/8",
        "*",
        "0.0.0.0/0",
        "::/0",
        "::ffff:10.0.0.0/104",
        "10.0.0.1:80",
        "10.0.0.1 10.0.0.2",
        "1.2.3",
    ],
)
def test_a_proxy_that_makes_no_sense_stops_the_start(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ORGSITE_THING", f"127.0.0.1,{value}")
    with pytest.raises(ImproperlyConfigured, match="ORGSITE_THING"):
        env.proxies("ORGSITE_THING")


def test_proxies_are_addresses_networks_and_unix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORGSITE_THING", " 127.0.0.1, 10.1.0.0/16,fd00::/8 ,Unix,")
    given = env.proxies("ORGSITE_THING")
    assert given == ["127.0.0.1/32", "10.1.0.0/16", "fd00::/8", "unix"]
    assert Proxies.of(given).unix
