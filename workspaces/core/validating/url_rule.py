"""The rule for the URL of an external workspace: http(s), and never a cloud's metadata service.

A cloud's metadata service gives credentials to every client inside, so a template must never make the site call one
(OWASP, Server Side Request Forgery Prevention).

Danger: a host name is not resolved here. Code that connects to such a URL has to check the resolved address again.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from urllib.parse import unquote, urlsplit

MAX_URL = 2048

_METADATA_HOSTS = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data"})
_METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(address)
    for address in (
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure
        "192.0.0.192",  # Oracle
    )
)
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def check_url(url: str) -> str:
    """`url` itself. Raises `ValueError` if it is no http(s) URL or has a link-local or metadata address."""
    if len(url) > MAX_URL or _UNSAFE.search(url):
        raise ValueError(f"a URL must have at most {MAX_URL:,} characters, no spaces and no backslashes")
    host = _host(url)
    address = _address(host)
    if host in _METADATA_HOSTS or (address is not None and _refused(address)):
        raise ValueError("link-local and metadata addresses are refused")
    return url


def _host(url: str) -> str:
    """The host as a client would look it up: decoded, with ASCII digits and dots, in lower case."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (reading it checks it)
    except ValueError as error:
        raise ValueError(f"not a URL: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a URL must begin with http:// or https:// and name a host")
    host = unicodedata.normalize("NFKC", unquote(parts.hostname)).replace("\u3002", ".")
    return host.lower().rstrip(".")


def _address(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return _lenient_ipv4(host)


def _lenient_ipv4(host: str) -> ipaddress.IPv4Address | None:
    """An address as `inet_aton` takes it: one to four parts, decimal, octal or hexadecimal, the last one wide."""
    parts = host.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) and len(part) <= 16 for part in parts):
        return None
    try:
        *leading, last = (_number(part) for part in parts)
    except ValueError:
        return None
    if any(part > 255 for part in leading) or last >= 256 ** (4 - len(leading)):
        return None
    value = sum(part << (24 - 8 * position) for position, part in enumerate(leading)) + last
    return ipaddress.IPv4Address(value)


def _number(text: str) -> int:
    if text[:2] in ("0x", "0X"):
        return int(text[2:] or "0", 16)
    return int(text, 8 if text.startswith("0") else 10)


def _refused(address: _Address) -> bool:
    inner = address if isinstance(address, ipaddress.IPv4Address) else _embedded(address)
    return any(each.is_link_local or each in _METADATA_ADDRESSES for each in (address, inner) if each is not None)


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address embedded in an IPv6 one, if any."""
    if address in _NAT64 or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
