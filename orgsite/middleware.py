"""Two rules that hold for every request, whoever answers it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]
RETRY_AFTER = 5  # seconds


class BoundedBody:
    """A body longer than a template may be is refused by its declared length, before anything reads it (413)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        declared = request.META.get("CONTENT_LENGTH") or "0"
        if declared.isdigit() and int(declared) > settings.ORGSITE_MAX_BODY_BYTES:
            return too_large(int(declared))
        return self.get_response(request)


class DatabaseAway:
    """A database that is away or stays contended answers 503 with Retry-After, never a stack trace."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        logger.error("%s %s: database unavailable: %s", request.method, request.path, exception)
        return database_away()


def too_large(size: int) -> HttpResponse:
    limit = settings.ORGSITE_MAX_TEMPLATE_BYTES
    message = f"The body has {size:,} bytes; a template may have {limit:,} at most. Nothing was changed."
    problem = {"path": "", "line": 1, "message": message}
    return JsonResponse({"error": message, "errors": [problem]}, status=413)


def database_away() -> HttpResponse:
    response = JsonResponse(
        {"error": "The database is away or busy. Nothing was changed; try again.", "errors": []}, status=503
    )
    response["Retry-After"] = str(RETRY_AFTER)
    return response
