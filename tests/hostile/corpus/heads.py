"""Hostile request heads: false content types, lengths, hosts and credentials."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from tests.hostile.corpus.cases import FORM, JSON, YAML, Case, post, sent
from tests.hostile.wire import request

if TYPE_CHECKING:
    from tests.hostile.inside import Inside

TEMPLATE = {"name": "Dev", "workspaces": [{"name": "PM"}]}
BODY = json.dumps({"org": "acme", "template": TEMPLATE}).encode()
NOBODYS = BODY.replace(b"acme", b"nobody")
CHUNKED = ("Transfer-Encoding", "chunked")


def chunks(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + end


TYPES = {
    "JSON called YAML with an org nobody knows": ("application/yaml", BODY),
    "YAML called JSON": ("application/json", b"name: Dev"),
    "JSON called a form": ("application/x-www-form-urlencoded", BODY),
    "JSON called text": ("text/plain", BODY),
    "JSON called XML": ("application/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    "JSON called nothing": ("", BODY),
    "a type without a subtype": ("application", BODY),
    "a type of a kilobyte": ("application/" + "x" * 1_000, BODY),
    "parameters without end": ("application/json" + "; a=b" * 5_000 + "; charset=utf-16", BODY),
    "UTF-16": ("application/json; charset=utf-16", BODY.decode().encode("utf-16")),
    "UTF-7": ("application/json; charset=utf-7", BODY),
    "a character set that does not exist": ("application/json; charset=nope", BODY),
    "a character set that is code": ("application/json; charset=rot13", BODY),
    "pickles": ("application/python-pickle", b"\x80\x04cos\nsystem\n."),
}
LENGTHS: dict[str, Any] = {
    "a length that is too short": {"length": "10"},
    "a length that is too long": {"length": str(len(BODY) + 100)},
    "a length of gigabytes": {"length": str(10**12)},
    "a length of a hundred digits": {"length": "9" * 100},
    "a negative length": {"length": "-1"},
    "a length with a sign": {"length": f"+{len(BODY)}"},
    "a length in hexadecimal": {"length": "0x10"},
    "a length of other digits": {"length": "\u00b2"},
    "a length that is a word": {"length": "all"},
}
AUTHORIZATIONS = {
    "none of it": "",
    "a scheme alone": "Bearer",
    "no token": "Bearer ",
    "two tokens": "Bearer a b",
    "a token of thirty kilobytes": "Bearer " + "a" * 30_000,
    "a token of no ASCII": "Bearer \u00ff\u00fe",
    "another scheme": "Basic YWxpY2U6YWxpY2U=",
    "another scheme that is no base64": "Basic %%%",
    "SQL": "Bearer ' OR 1=1 --",
    "JSON's null": "Bearer null",
}


def _import(name: str, body: bytes, headers: tuple[tuple[str, str], ...] = (JSON,), **more: Any) -> Case:
    return Case(kind="head", name=name, data=lambda inside: post(inside, body, headers, **more))


def _raw(name: str, data: bytes) -> Case:
    return Case(kind="line", name=name, data=lambda _: data)


def _to(name: str, line: bytes, more: bytes = b"", *, body: bytes = b"") -> Case:
    """A request to that line, with an honest head around it."""
    head = line + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + more + b"\r\n"
    return Case(kind="line", name=name, data=lambda _: head + body)


def _as(name: str, authorization: str) -> Case:
    headers = [JSON, ("Authorization", authorization)]
    return Case(kind="token", name=name, data=lambda _: request("POST", "/org/import", body=BODY, headers=headers))


def _agent(name: str, method: str, target: str) -> Case:
    def data(inside: Inside) -> bytes:
        headers = [("Authorization", f"Bearer {inside.agent}"), JSON]
        where = target.format(leaf=inside.leaf, root=inside.root)
        return request(method, where, body=BODY, headers=headers)

    return Case(kind="agent", name=name, data=data)


_twice_authorized = Case(
    kind="token",
    name="one twice",
    data=lambda inside: sent(inside, "POST", "/org/import", BODY, (JSON, ("Authorization", "Bearer x"))),
)

HEADS = [
    *(_import(name, body, (("Content-Type", kind),)) for name, (kind, body) in TYPES.items()),
    *(_import(name, BODY, **more) for name, more in LENGTHS.items()),
    *(_as(name, value) for name, value in AUTHORIZATIONS.items()),
    _import("a length and chunks", chunks(BODY), (JSON, CHUNKED), length=str(len(BODY))),
    _import("chunks of another size", b"fffffff\r\n" + BODY, (JSON, CHUNKED), length=None),
    _import("a chunk of more than there are bytes", b"f" * 40 + b"\r\n" + BODY, (JSON, CHUNKED), length=None),
    _import("chunks that never end", chunks(BODY, end=b""), (JSON, CHUNKED), length=None),
    _import("a chunk with a negative size", b"-1\r\n" + BODY, (JSON, CHUNKED), length=None),
    _import("a body of many tiny chunks", chunks(*[b"["] * 5_000), (JSON, CHUNKED), length=None),
    _import("chunks beyond the limit", chunks(*[b" " * 2**20] * 14), (JSON, CHUNKED), length=None),
    _import("an encoding nobody speaks", BODY, (JSON, ("Transfer-Encoding", "gzip"))),
    _import("a packed body", gzip.compress(BODY), (JSON, ("Content-Encoding", "gzip"))),
    _import("a packed bomb", gzip.compress(b"[" * 2**22), (JSON, ("Content-Encoding", "gzip"))),
    _import("something to expect", BODY[:10], (JSON, ("Expect", "100-continue"))),
    _import("something else to expect", BODY[:10], (JSON, ("Expect", "the unexpected"))),
    _import("another method by a header", NOBODYS, (JSON, ("X-HTTP-Method-Override", "DELETE"))),
    _import("an answer nobody gives", BODY, (JSON, ("Accept", "application/x-msgpack"))),
    _import("a form without a form", BODY, (FORM,)),
    _import("a YAML body of no UTF-8", b"\xff\xfe\x00", (YAML,), target="/org/import?org=acme"),
    _import("another host", NOBODYS, (JSON, ("X-Forwarded-Host", "evil.example"))),
    _agent("an agent imports", "POST", "/org/import"),
    _agent("an agent deletes", "DELETE", "/workspaces/{leaf}"),
    _agent("an agent speaks for another", "POST", "/workspaces/{root}/heartbeat"),
    _agent("an agent gives itself a token", "POST", "/workspaces/{leaf}/tokens"),
    _agent("an agent registers at nothing", "POST", "/workspaces/{leaf}/register"),
    _twice_authorized,
    _raw("a host nobody allows", b"GET /workspaces HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
    _raw("two hosts", b"GET /workspaces HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nConnection: close\r\n\r\n"),
    _raw("a method nobody knows", b"BREW /org/import HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    _raw("a method with a space before", b" GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    _raw("a version nobody speaks", b"GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n"),
    _raw("a header without a colon", b"GET /healthz HTTP/1.1\r\nHost localhost\r\n\r\n"),
    _raw("a NUL in a header", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n"),
    _raw("a folded header", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n"),
    _raw("a space before a colon", b"GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n"),
    _raw("headers beyond the limit", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 300_000 + b"\r\n\r\n"),
    _raw("headers without end", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 30_000 + b"\r\n"),
    _to("an address beyond the limit", b"GET /" + b"a" * 300_000),
    _to("an address of no UTF-8", b"GET /%ff%fe%00"),
    _to("an address that goes up", b"GET /static/../../etc/passwd"),
    _to("one that goes up, encoded", b"GET /static/%2e%2e/%2e%2e/manage.py"),
    _to("one that goes up, encoded twice", b"GET /static/%252e%252e/manage.py"),
    _to("a static file with a NUL", b"GET /static/a%00.css"),
    _to("a socket to upgrade to", b"GET /events", b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
    _to("a second request in the body", b"GET /workspaces", b"Content-Length: 20\r\n", body=b"GET /admin/ HTTP/1.1"),
    _raw("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500),
    _raw("HTTP/2 by prior knowledge", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
]  # fmt: skip
