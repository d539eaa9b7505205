"""Clients of the event stream of a running site. A `Stream` is an open connection, read one `Block` (event) at a time;
`People` are the users and tokens that connect."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.models import Group, User
from django.test import Client

from audit.emitting import Event, emit
from tests.sites import Site
from workspaces.models import Membership, Organization
from workspaces.services.security.tokens import issue_api_token

PATIENCE = 90.0  # seconds without a byte, and for all that a test waits for


@dataclass(frozen=True, kw_only=True)
class Block:
    """The lines of a stream between two empty lines: an event or a comment. `id` and `event` are "" if missing."""

    id: str = ""
    event: str = ""
    data: str = ""
    retry: str = ""
    comment: str = ""

    @property
    def row(self) -> dict[str, Any]:
        return json.loads(self.data)


class Stream:
    """An open connection; `last_id` is the `Last-Event-ID` that a browser would send when it reconnects."""

    def __init__(self, response: http.client.HTTPResponse, line: socket.socket) -> None:
        self.response, self.line, self.last_id = response, line, ""

    def block(self) -> Block | None:
        """The next one; None where the stream has ended."""
        fields: dict[str, str] = {}
        while text := self.response.readline():
            name, _, value = text.decode().rstrip("\n").partition(": ")
            if name:
                fields[name or "comment"] = value
            elif fields:
                self.last_id = fields.get("id", self.last_id)
                return Block(**{key: value for key, value in fields.items() if key in Block.__dataclass_fields__})
        return None

    def position(self) -> int:
        """The first id that is said, before any event: from here on nothing is lost."""
        while (block := self.block()) and not block.id:
            assert not block.data
        return int(self.last_id)

    def events(self, number: int) -> list[Block]:
        """The next so many events."""
        due, found = time.monotonic() + PATIENCE, []
        while len(found) < number and (block := self.block()):
            assert time.monotonic() < due, f"{len(found)} of {number} events came"
            found += [block] if block.data else []
        return found

    def until(self, last: int) -> list[Block]:
        """The events up to that one."""
        found: list[Block] = []
        while int(self.last_id or 0) < last and (block := self.block()):
            found += [block] if block.data else []
        return found

    def during(self, seconds: float) -> list[Block]:
        """The events of that time; a sign of life comes every second."""
        due, found = time.monotonic() + seconds, []
        while time.monotonic() < due and (block := self.block()):
            found += [block] if block.data else []
        return found

    def seconds_to_end(self) -> float:
        start = time.monotonic()
        while self.block():
            assert time.monotonic() < start + PATIENCE, "the stream goes on"
        return time.monotonic() - start


@contextmanager
def listening(
    site: Site, token: str = "", *, after: int | str | None = None, session: str = "", buffer: int = 0, **query: str
) -> Iterator[Stream]:
    """A listener, with the place where it was as the header has it. `buffer` bounds what the system reads ahead."""
    headers = {"Accept": "text/event-stream"} | ({"Authorization": f"Bearer {token}"} if token else {})
    headers |= {} if after is None else {"Last-Event-ID": str(after)}
    headers |= {"Cookie": f"sessionid={session}"} if session else {}
    address = urlsplit(site.url)
    with socket.socket() as line:
        if buffer:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        line.settimeout(PATIENCE)
        line.connect((address.hostname, address.port))
        said = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
        target = "/events/stream" + (f"?{urlencode(query)}" if query else "")
        line.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{said}\r\n".encode())
        response = http.client.HTTPResponse(line)
        response.begin()
        try:
            yield Stream(response, line)
        finally:
            response.close()  # it would keep the line open


class People:
    """Users: alice and bob are members of acme, alice also of elsewhere; dora has no right; root is a superuser."""

    def __init__(self, site: Site) -> None:
        self.site, self.ask = site, site.database.ask
        self.tokens: dict[str, str] = self.ask(_settle)

    def happen(self, *types: str, organization: str = "acme", **facts: Any) -> list[int]:
        """Events, in one commit: their ids."""
        return self.ask(_happen, types, organization, facts)

    def session(self, name: str) -> str:
        """The cookie of a login."""
        return self.ask(_login, name)


def _settle() -> dict[str, str]:
    acme, elsewhere = (Organization.objects.create(slug=slug, name=slug) for slug in ("acme", "elsewhere"))
    made = {name: User.objects.create(username=name, is_staff=True) for name in ("alice", "bob", "charlie", "dora")}
    for name, organization in (("alice", acme), ("alice", elsewhere), ("bob", acme), ("charlie", elsewhere)):
        Membership.objects.create(organization=organization, user=made[name])
        made[name].groups.add(Group.objects.get(name="Auditor"))
    Membership.objects.create(organization=acme, user=made["dora"])
    made["root"] = User.objects.create(username="root", is_superuser=True)
    return {name: issue_api_token(user) for name, user in made.items()}


def _happen(types: tuple[str, ...], organization: str, facts: dict[str, Any]) -> list[int]:
    from audit.models import StructureEvent

    emit([Event(event_type=each, organization=organization, **{"actor": "alice", **facts}) for each in types])
    mine = StructureEvent.objects.filter(event_type__in=types, organization=organization)  # the site writes some, too
    return sorted(mine.order_by("-pk").values_list("pk", flat=True)[: len(types)])


def _login(name: str) -> str:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client.cookies["sessionid"].value


Happen = Callable[..., list[int]]


def ids(blocks: list[Block]) -> list[int]:
    return [int(block.id) for block in blocks]
