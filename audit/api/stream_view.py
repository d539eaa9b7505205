"""`GET /events/stream`: structure events as they happen, to programs and browsers that speak Server-Sent Events.

The view checks the rights; `audit.stream.serving` does the rest, which needs an ASGI server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpResponse
from django_filters.utils import translate_validation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from audit.api import event_openapi
from audit.api.event_views import KindFilter
from audit.models import StructureEvent
from audit.stream.feed import newest
from audit.stream.hub import HUB
from audit.stream.listener import StreamRequest
from audit.stream.reauthorization import Credential
from audit.stream.serving import ASKED
from audit.stream.sse import OPENING
from audit.stream.subscription import Scope
from workspaces import access
from workspaces.access import Right
from workspaces.api.base_view import ApiView
from workspaces.api.callers import OnEvents
from workspaces.api.error_answers import RequestInvalid, say
from workspaces.api.pagination import BIGGEST
from workspaces.api.parsers import refuse_blank
from workspaces.api.workspace_filter import asked_organization
from workspaces.errors import Problem
from workspaces.models import ApiToken
from workspaces.web.error_responses import RETRY_AFTER

if TYPE_CHECKING:
    from django.contrib.auth.models import User

FILTERS: dict[str, Any] = KindFilter.base_filters  # type: ignore[attr-defined]  # of its metaclass
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # the latter: nginx passes data on at once
NO_STREAMS = "This server cannot stream. Run the site with `python -m orgsite.serve`."
FULL = "Too many listeners are connected to this process; try again later."
YOURS = "You have as many open streams at this process as one user may; close one, or try again later."
NO_ID = "must be the id of an event: a whole number from 0"


class EventStream(BaseRenderer):
    """So that `Accept: text/event-stream`, which every browser sends, is acceptable.

    It has nothing to render: `audit.stream.sse` writes the stream, and refusals are always JSON.
    """

    media_type, format, charset = "text/event-stream", "events", None


@event_openapi.event_stream(FILTERS)
class EventStreamView(ApiView):
    permission_classes = [OnEvents]
    renderer_classes = [JSONRenderer, EventStream]
    query = {"GET": (*FILTERS, "last_event_id")}

    def get(self, request: Request) -> HttpResponse:
        refuse_blank(request.query_params)
        asked = _asked(request, self.caller.user)
        server = getattr(request._request, "scope", None)
        if server is None:
            return say(NO_STREAMS, status=501)
        if len(HUB.listeners) >= settings.ORGSITE_MAX_STREAMS:
            return say(FULL, status=503, retry_after=RETRY_AFTER)
        if HUB.count(asked.credential.user_id) >= settings.ORGSITE_MAX_STREAMS_PER_USER:
            return say(YOURS, status=429, retry_after=RETRY_AFTER)
        if request.method == "GET":
            server[ASKED] = asked
        return HttpResponse(OPENING, content_type=EventStream.media_type, headers=HEADERS)


def _asked(request: Request, user: User) -> StreamRequest:
    """The parsed request. A place ahead of every event is none: new events have lower ids."""
    after, credential, scope = _last_event_id(request), _credential(request, user), _scope(request, user)
    ahead = after is not None and after > newest()
    return StreamRequest(
        credential=credential, scope=scope, after=None if ahead else after, ahead=after if ahead else None
    )


def _credential(request: Request, user: User) -> Credential:
    if isinstance(request.auth, ApiToken):
        return Credential(user_id=user.pk, token_id=request.auth.pk)
    return Credential(user_id=user.pk, session_key=request.session.session_key or "")


def _scope(request: Request, user: User) -> Scope:
    """The filters of the list, but for its times. Raises NotFound for an organization that the user may not see."""
    none = StructureEvent.objects.none()
    filters: Any = KindFilter(request.query_params, queryset=none, request=request)  # type: ignore[no-untyped-call]
    if not filters.is_valid():
        raise translate_validation(filters.errors)
    given = {name: value for name, value in filters.form.cleaned_data.items() if value}
    organization, event_type = given.pop("org", ""), given.pop("type", "")
    if organization:
        organization = asked_organization(filters, organization, to=Right.VIEW_EVENTS).slug
    exact = tuple((str(FILTERS[name].field_name), value) for name, value in given.items())
    return Scope(reach=_reach(user), organization=organization, event_type=event_type, exact=exact)


def _reach(user: User) -> access.Reach:
    access.require(user, Right.VIEW_EVENTS)
    return access.reaches([user.pk], right=Right.VIEW_EVENTS).get(user.pk, frozenset())


def _last_event_id(request: Request) -> int | None:
    """From the header that a reconnecting client sends, else from the address."""
    header = request.headers.get("Last-Event-ID", "").strip() or None  # an empty one means: no place
    place, text = ("Last-Event-ID", header) if header is not None else ("last_event_id", _in_address(request))
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > BIGGEST:
        raise RequestInvalid([Problem(message=NO_ID, path=place)])
    return int(text)


def _in_address(request: Request) -> str | None:
    return request.query_params.get("last_event_id")
