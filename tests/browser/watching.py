"""A check for every browser test: no page may log or throw an error, or send a request to another site."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

from tests.sites import Site

REFUSED = "Failed to load resource: the server responded with a status of "
FAILURE = re.compile(r"\b(ERROR|CRITICAL)\b")
TAIL = 4_000  # characters of what the site said before it crashed


class Watch:
    """Collects the errors of one test's browser windows, and of the site during it."""

    def __init__(self, site: Site) -> None:
        self._site, self._said_before = site, len(site.said())
        self._found: list[str] = []
        self._refusals: list[tuple[int, str]] = []
        self._expected: list[int] = []

    def follow(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)

    def leave(self, context: BrowserContext) -> None:
        """It is another test's from now on."""
        context.remove_listener("console", self._console)
        context.remove_listener("weberror", self._error)
        context.remove_listener("request", self._request)

    def expects(self, *statuses: int) -> None:
        """The site will refuse a request of this test with each of these."""
        self._expected += statuses

    def verdict(self) -> list[str]:
        """Everything wrong, in words."""
        said = self._site.said()[self._said_before :]
        crash = [f"the site says:\n{said[-TAIL:]}"] if FAILURE.search(said) else []
        surprise = sorted(status for status, _ in self._refusals) != sorted(self._expected)
        refusals = [f"refused with {self._refusals}, expected {self._expected}"] if surprise else []
        return [*self._found, *refusals, *crash]

    def _console(self, message: ConsoleMessage) -> None:
        if message.text.startswith(REFUSED):  # how Chromium reports the status of any page
            self._refusals.append((int(message.text.removeprefix(REFUSED)[:3]), message.location["url"]))
        elif message.type in {"error", "warning"}:
            self._found.append(f"{message.type} in the console of {message.page and message.page.url}: {message.text}")

    def _error(self, error: WebError) -> None:
        self._found.append(f"uncaught: {error.error}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self._site.url}/", "data:", "blob:")):
            self._found.append(f"asked for {request.url}")
