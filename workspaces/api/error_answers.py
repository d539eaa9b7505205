"""Every exception as one JSON shape: `{"error": "one sentence", "errors": [{"path", "line", "file"?, "message"}]}`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from functools import singledispatch
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import APIException, Throttled, ValidationError

from lib.database_errors import explained, trouble_of
from workspaces.access import Denied
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.core.problems import MAX_PROBLEMS
from workspaces.errors import (
    AppliedAlready,
    BodyTooLarge,
    Interrupted,
    InvalidRequest,
    NothingToUndo,
    OrgError,
    PlanChanged,
    Problem,
    RemovalNotConfirmed,
    TemplateInvalid,
    TooOften,
    WorkspaceProtected,
)
from workspaces.services.imports.importing import preview_answer
from workspaces.services.undo.undoing import undo_answer
from workspaces.web.error_responses import RETRY_AFTER, database_away, is_page, too_large
from workspaces.web.error_statuses import status_of
from workspaces.web.security_signals import notice_denied

logger = logging.getLogger(__name__)


class RequestInvalid(InvalidRequest):
    """The request itself is wrong: a field, a parameter or the body's syntax. `problems` has all of it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = tuple(problems)
        first, more = found[0], len(found) - 1
        place = f"{first.path}: " if first.path else ""
        message = f"The request has {more + 1:,} errors." if more else f"{place}{first.message}"
        super().__init__(message, field=first.path)
        self.problems = found[:MAX_PROBLEMS]


class TooManyFailures(Throttled):
    """Too many invalid tokens from that address: 429 for this one, not 401."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def as_json(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """The REST framework's exception handler. Unexpected ones are logged in full and answered without details."""
    response, request = answer(error), context["request"]
    if isinstance(error, Denied):
        notice_denied(request, request.user, error)
    if trouble_of(error):
        logger.error("%s %s: %s", request.method, request.path, explained(error))
    elif response.status_code == 500:
        logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return response


@singledispatch
def answer(error: Exception) -> HttpResponse:
    if trouble := trouble_of(error):
        return database_away(trouble)
    return say("Something went wrong here. It has been logged.", status=500)


@answer.register
def _(error: OrgError) -> HttpResponse:
    return _refuse(error)


@answer.register(InvalidRequest)
@answer.register(TemplateInvalid)
def _(error: InvalidRequest | TemplateInvalid) -> HttpResponse:
    return _refuse(error, error.problems)


@answer.register
def _(error: PlanChanged) -> HttpResponse:
    return _refuse(error, fingerprint=error.plan.fingerprint, plan=_as_dry_run(error.plan))


@answer.register
def _(error: AppliedAlready) -> HttpResponse:
    key, plan = str(error.applied_by), error.plan
    return _refuse(error, applied_by=key, fingerprint=plan.fingerprint, plan=_as_dry_run(plan))


@answer.register
def _(error: RemovalNotConfirmed) -> HttpResponse:
    numbers: dict[str, Any] = {"confirm_removals": error.confirm_removals}
    if error.plan.mode is Mode.UNDO:  # both at once, null for the one that is not asked for
        numbers["confirm_data_loss"] = error.confirm_data_loss
    return _refuse(error, **numbers, plan=_as_dry_run(error.plan))


@answer.register
def _(error: NothingToUndo) -> HttpResponse:
    told = _as_dry_run(error.plan)
    return _refuse(error, cannot=told["cannot"], plan=told)


@answer.register
def _(error: WorkspaceProtected) -> HttpResponse:
    return _refuse(error, protected=[str(key) for key in error.ids])


@answer.register
def _(error: Interrupted) -> HttpResponse:
    return _refuse(error, retry_after=RETRY_AFTER)


@answer.register
def _(error: TooOften) -> HttpResponse:
    return _refuse(error, retry_after=error.seconds)


@answer.register
def _(error: BodyTooLarge) -> HttpResponse:
    return too_large(error.size)


@answer.register
def _(error: APIException) -> HttpResponse:
    response = say(str(error.detail), status=error.status_code)
    if challenge := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = challenge
    return response


@answer.register
def _(error: TooManyFailures) -> HttpResponse:
    return say(
        f"Too many bad tokens from your address; try again in {error.seconds} s.", status=429, retry_after=error.seconds
    )


@answer.register
def _(error: ValidationError) -> HttpResponse:
    return answer(RequestInvalid(flatten(error.detail)))


@answer.register
def _(_error: Http404) -> HttpResponse:
    return say("Not found.", status=404)


@answer.register
def _(error: Denied) -> HttpResponse:
    return say(str(error), status=403)


@answer.register
def _(_error: PermissionDenied) -> HttpResponse:
    return say("You may not do this.", status=403)


@answer.register
def _(error: DataError) -> HttpResponse:
    if trouble := trouble_of(error):
        return database_away(trouble)
    logger.warning("the database refused a value: %s", error)
    return say("A value of this request cannot be stored. Nothing was changed.", status=400)


@answer.register
def _(_error: RequestDataTooBig) -> HttpResponse:
    return say("The body is too large. Nothing was changed.", status=413)


@answer.register(BadRequest)
@answer.register(MultiPartParserError)
@answer.register(SuspiciousOperation)
@answer.register(UnreadablePostError)
def _(error: Exception) -> HttpResponse:
    return say(f"The request cannot be read: {error}", status=400)


def say(
    sentence: str,
    problems: Iterable[Problem] = (),
    *,
    status: int,
    retry_after: int | None = None,
    **facts: Any,
) -> HttpResponse:
    """The one shape of an error; `facts` are further keys, `retry_after` is in seconds."""
    rows = [_row(problem) for problem in problems]
    response = JsonResponse({"error": sentence, "errors": rows, **facts}, status=status)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def _refuse(error: OrgError, problems: Iterable[Problem] = (), **facts: Any) -> HttpResponse:
    return say(str(error), problems, status=status_of(error), **facts)


def _as_dry_run(plan: Plan) -> dict[str, Any]:
    """The plan of a refusal, as a dry run of the same request answers."""
    return undo_answer(plan) if plan.mode is Mode.UNDO else preview_answer(plan)


def flatten(detail: Any, path: str = "") -> list[Problem]:
    """The framework's nested validation messages as a flat list, each with its path."""
    if isinstance(detail, Mapping):
        return [problem for key, value in detail.items() for problem in flatten(value, _below(path, key))]
    if isinstance(detail, list | tuple):
        places = [f"{path}[{index}]" if isinstance(item, Mapping) else path for index, item in enumerate(detail)]
        return [problem for item, place in zip(detail, places, strict=True) for problem in flatten(item, place)]
    return [Problem(message=str(detail), path=path)]


@csrf_exempt
def nowhere(_request: HttpRequest, *_args: str) -> HttpResponse:
    """Any unknown address, except of pages."""
    return say("Not found.", status=404)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler404`."""
    return defaults.page_not_found(request, exception) if is_page(request) else say("Not found.", status=404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler400`."""
    return defaults.bad_request(request, exception) if is_page(request) else say("Bad request.", status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500`, also for errors outside of views, such as a session that cannot be saved."""
    if trouble := trouble_of(sys.exc_info()[1]):
        response = database_away(trouble, page=is_page(request))
        response._has_been_logged = False  # type: ignore[attr-defined]  # Django logs what led here
        return response
    return defaults.server_error(request) if is_page(request) else answer(Exception())


def _row(problem: Problem) -> dict[str, Any]:
    row: dict[str, Any] = {"path": problem.path, "line": problem.line, "message": problem.message}
    return row | ({"file": problem.file} if problem.file else {})


def _below(path: str, key: object) -> str:
    if key == "non_field_errors":
        return path
    return f"{path}.{key}" if path else str(key)
