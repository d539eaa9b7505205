"""A client with an address of its own, which connects through a proxy or directly."""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

PATIENCE = 120  # seconds
LOGIN = "/admin/login/"
TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, kw_only=True)
class Page:
    status: int
    headers: Mapping[str, str]
    cookies: list[str]
    text: str


@dataclass
class Visitor:
    """`address` is where they come from; the rest is where they go. The name in `Host` is always orgs.example."""

    address: str
    host: str
    port: int
    tls: bool = False
    cookies: SimpleCookie = field(default_factory=SimpleCookie)

    def ask(self, method: str, path: str, *, body: str | None = None, **headers: str) -> Page:
        sent = {"Host": "orgs.example"} | {key.replace("_", "-"): value for key, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{key}={morsel.value}" for key, morsel in self.cookies.items())
        line = self.connection()
        try:
            line.request(method, path, body, sent)
            answer = line.getresponse()
            text = answer.read().decode()
        finally:
            line.close()
        cookies = [value for name, value in answer.getheaders() if name.lower() == "set-cookie"]
        for value in cookies:
            self.cookies.load(value)
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Page(status=answer.status, headers=named, cookies=cookies, text=text)

    def sign_in(self, name: str, password: str, **headers: str) -> Page:
        """Fill in the form of the login page and send it."""
        page = self.ask("GET", LOGIN, **headers)
        if page.status != 200:
            return page
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        form = {"csrfmiddlewaretoken": token, "username": name, "password": password, "next": "/admin/"}
        origin = f"{'https' if self.tls else 'http'}://orgs.example"
        more = TYPE | {"Referer": f"{origin}{LOGIN}", "Origin": origin}
        return self.ask("POST", LOGIN, body=urlencode(form), **more, **headers)

    def connection(self) -> http.client.HTTPConnection:
        if not self.tls:
            return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE, source_address=(self.address, 0))
        trusting = ssl._create_unverified_context()  # the certificate was made for this test
        return http.client.HTTPSConnection(
            self.host, self.port, timeout=PATIENCE, source_address=(self.address, 0), context=trusting
        )
