"""Middleware: rules for every request, to pages and API alike."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware

from lib.database_errors import explained, trouble_of
from workspaces.access import Denied
from workspaces.errors import TooOften
from workspaces.web.error_responses import database_away, is_page, too_often
from workspaces.web.security_signals import notice_denied

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]


POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # the admin's own icons are data
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}


class ContentPolicy:
    """Headers by which a browser loads and runs only files of this site, sends no referrer to others, gives it no
    device, and lets no other site embed its answers."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.setdefault(name, value)
        return response


PROBES = frozenset({"/healthz", "/healthz/", "/readyz", "/readyz/"})


class Common(CommonMiddleware):
    """Django's, which refuses a request with a foreign `Host`, except from health probes: they send the machine's."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        return None if request.path_info in PROBES else super().process_request(request)


class Refusals:
    """Records an event when a page refuses a user something destructive, and answers 429 beyond a rate limit."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Denied):
            notice_denied(request, request.user, exception)
        return too_often(exception, page=is_page(request)) if isinstance(exception, TooOften) else None


class DatabaseAway:
    """Answers 503 and a sentence if the database fails, for a while or until an administrator acts."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        trouble = trouble_of(exception)
        if trouble is None:
            return None
        logger.error("%s %s: %s", request.method, request.path, explained(exception))
        return database_away(trouble, page=is_page(request))
