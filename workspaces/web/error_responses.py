"""Answers to requests that are too large, too slow, or without a database. A page for people, JSON for programs."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from lib.database_errors import AWAY, Trouble
from workspaces.errors import TooOften

PAGES = ("/admin", "/static")  # pages for browsers; every other address is the API's
RETRY_AFTER = 5  # seconds


def is_page(request: HttpRequest) -> bool:
    return is_page_at(request.path)


def is_page_at(path: str) -> bool:
    return path == "/" or path.startswith(PAGES)


def too_large(size: int, *, page: bool = False) -> HttpResponse:
    """413: `size` is in bytes."""
    limit = settings.ORGSITE_MAX_TEMPLATE_BYTES
    allowed = f"a template may have {limit:,} at most (limit: ORGSITE_MAX_TEMPLATE_BYTES)"
    sentence = f"The body has {size:,} bytes; {allowed}. Nothing was changed."
    problem = {"path": "", "line": 1, "message": sentence}
    return _refuse("Too large", sentence, problems=[problem], status=413, page=page)


def too_slow(*, page: bool = False) -> HttpResponse:
    """408: the body took longer than it may."""
    sentence = "The body came too slowly. Nothing was changed; send it again on a better line."
    return _refuse("Too slow", sentence, problems=[], status=408, page=page)


def database_away(trouble: Trouble = AWAY, *, page: bool = False) -> HttpResponse:
    """503: the database cannot do it, with Retry-After if that passes. The caller logs it, in one line."""
    title = "Try again in a moment" if trouble.passes else "The site needs somebody"
    response = _refuse(title, trouble.sentence, problems=[], status=503, page=page)
    if trouble.passes:
        response["Retry-After"] = str(RETRY_AFTER)
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would add a second line
    return response


def stopped(*, page: bool = False) -> HttpResponse:
    """503 with Retry-After: the process had to end before the request was done. Its changes are rolled back."""
    sentence = (
        "The site is being stopped and could not finish this in time. Either all of it was done or nothing; "
        "look before you send it again."
    )
    response = _refuse("The site is being stopped", sentence, problems=[], status=503, page=page)
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def too_many_logins(seconds: int) -> HttpResponse:
    """429 with Retry-After, before the password was looked at."""
    sentence = f"Too many logins failed. Wait {seconds} seconds, then try again."
    response = _refuse("Wait a moment", sentence, problems=[], status=429, page=True)
    response["Retry-After"] = str(seconds)
    return response


def too_often(error: TooOften, *, page: bool = False) -> HttpResponse:
    """429 with Retry-After: the user has no turn left."""
    response = _refuse("Wait a moment", str(error), problems=[], status=429, page=page)
    response["Retry-After"] = str(error.seconds)
    return response


def _refuse(title: str, sentence: str, *, problems: list[dict[str, object]], status: int, page: bool) -> HttpResponse:
    if page:
        return HttpResponse(render_to_string("refused.html", {"heading": title, "sentence": sentence}), status=status)
    return JsonResponse({"error": sentence, "errors": problems}, status=status)
