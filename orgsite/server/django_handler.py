"""Django's ASGI handler, which frees a request and its response as soon as the response is sent.

Django leaves them in reference cycles: the lazy user of a request refers to the request; the cancelled task that waited
for the client's disconnect has an exception, whose frame refers to both. Only the garbage collector would free them,
with a whole body and a whole page in them.
"""

from __future__ import annotations

from typing import Any

import django
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from lib.asgi import Receive, Scope, Send

OVER = "orgsite.over"  # the key in an ASGI scope of the request and its response, once there is one


class Handler(ASGIHandler):
    """Empties the request and its response when the response is sent and closed."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().handle(scope, receive, send)
        # Only with a response: if the client hung up before, a thread may still be working on the request.
        for each in scope.pop(OVER, ()):
            vars(each).clear()

    async def run_get_response(self, request: HttpRequest) -> HttpResponseBase:
        response = await super().run_get_response(request)
        vars(request)["scope"][OVER] = (request, response)
        return response


def django_application() -> Any:
    """The application, made as `get_asgi_application` makes it."""
    django.setup(set_prefix=False)
    return Handler()
