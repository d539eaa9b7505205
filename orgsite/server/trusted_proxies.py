"""The address and scheme of the client behind the proxies of ORGSITE_TRUSTED_PROXIES.

A trusted proxy appends its peer's address to `X-Forwarded-For`. So the list is read from the right, and the first
address that is no trusted proxy is the client. The client may have invented all entries to the left of it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lib.asgi import App, Receive, Scope, Send

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNIX = "unix"  # in the setting: every peer on a unix socket
SCHEMES = frozenset({"http", "https"})
# The headers in which proxies describe the client. All are removed here, because no later code may trust one.
FORWARDED = (b"x-forwarded-", b"forwarded", b"x-real-ip")


@dataclass(frozen=True, kw_only=True, slots=True)
class Proxies:
    """The trusted proxies: networks of either IP version; `unix` means peers on unix sockets, without an address."""

    networks: tuple[Network, ...] = ()
    unix: bool = False

    @classmethod
    def of(cls, words: Iterable[str]) -> Proxies:
        """The proxies that the words of the setting name; they were checked when the setting was read."""
        given = set(words)
        return cls(networks=tuple(ipaddress.ip_network(word) for word in sorted(given - {UNIX})), unix=UNIX in given)

    def trust(self, address: Address | None) -> bool:
        """Whether the peer is a trusted proxy; None is a peer on a unix socket."""
        if address is None:
            return self.unix
        return any(address in network for network in self.networks)

    def client(self, peer: Address | None, chain: list[str]) -> tuple[Address | None, int]:
        """The first address from the right that is no trusted proxy, and how many entries of `chain` were read.

        An entry that is no address ends the search at the proxy that reported it.
        """
        client, hops = peer, 0
        while hops < len(chain) and self.trust(client):
            forwarded = parse(chain[-1 - hops])
            if forwarded is None:
                break
            client, hops = forwarded, hops + 1
        return client, hops


class BehindProxies:
    """An ASGI application around another one: sets `client` and `scheme` of the scope to the client's."""

    def __init__(self, app: App, proxies: Proxies) -> None:
        self.app, self.proxies = app, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._identify(scope)
        await self.app(scope, receive, send)

    def _identify(self, scope: Scope) -> None:
        peer = parse(scope["client"][0]) if scope["client"] else None
        client, hops = self.proxies.client(peer, list(_entries(scope, b"x-forwarded-for")))
        if self.proxies.trust(peer):
            scope["scheme"] = _scheme(list(_entries(scope, b"x-forwarded-proto")), hops) or scope["scheme"]
        if client is not None:
            scope["client"] = (str(client), scope["client"][1] if client == peer else 0)
        scope["headers"] = [(name, value) for name, value in scope["headers"] if not name.startswith(FORWARDED)]


def parse(text: str) -> Address | None:
    """An address as proxies write it, with or without a port; None for any other text.

    An IPv4 address in IPv6 notation, as a dual-stack socket reports it, is returned as IPv4. A zone is left out.
    """
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


def _entries(scope: Scope, header: bytes) -> Iterator[str]:
    """The entries of a list header, which may be sent in several lines."""
    for name, value in scope["headers"]:
        if name == header:
            yield from value.decode("latin-1").split(",")


def _scheme(chain: list[str], hops: int) -> str:
    """The scheme at the position of the client's address: proxies append to this list too, or replace it."""
    scheme = chain[-max(1, min(hops, len(chain)))].strip().lower() if chain else ""
    return scheme if scheme in SCHEMES else ""
