"""The page after a login: the requested one, or home if the user may not see that one."""

from __future__ import annotations

import logging
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from django.contrib.messages.storage import default_storage
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.urls import resolve, reverse

logger = logging.getLogger(__name__)

Response = TypeVar("Response", bound=HttpResponseBase)

REFUSALS = (Http404, PermissionDenied, SuspiciousOperation, BadRequest)


def home_if_refused(request: HttpRequest, response: Response) -> Response:
    """The response, with a redirect to a page that would refuse this user changed to home."""
    if 300 <= response.status_code < 400 and not _answers(request, response["Location"]):
        response["Location"] = reverse("admin:index")
    return response


def _answers(request: HttpRequest, address: str) -> bool:
    """Whether the page at the address answers the user. Only its view knows whom it admits, so this calls the view."""
    visit = _visit(request, address)
    try:
        match = visit.resolver_match = resolve(visit.path)
        return bool(match.func(visit, *match.args, **match.kwargs).status_code < 400)
    except REFUSALS:
        return False
    except Exception:
        logger.exception("%s failed when it was looked at before a redirect", visit.path)
        return True  # the redirect then shows the error


def _visit(request: HttpRequest, address: str) -> HttpRequest:
    """A GET of that address by the same user."""
    place, visit = urlsplit(address), HttpRequest()
    visit.method = "GET"
    visit.path = visit.path_info = unquote(place.path)
    visit.GET = QueryDict(place.query)
    visit.META = {key: value for key, value in request.META.items() if not key.startswith("CONTENT_")}
    visit.META |= {"REQUEST_METHOD": "GET", "QUERY_STRING": place.query}
    visit.COOKIES, visit.session, visit.user = request.COOKIES, request.session, request.user
    visit._messages = default_storage(visit)  # type: ignore[attr-defined]  # discarded
    return visit
