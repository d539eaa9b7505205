"""Django's ASGI handler, with requests and answers that are gone when they are over.

Django leaves them in reference cycles: a request knows its user, who is looked up by a function that knows the request;
the task that waited for the client to go was cancelled, and its exception holds the frame that holds both. Only the
garbage collector would find them, with a whole body and a whole page in them.
"""

from __future__ import annotations

from typing import Any

import django
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from lib.asgi import Receive, Scope, Send

OVER = "orgsite.over"  # the key in an ASGI scope of the request and its answer, once there is one


class Handler(ASGIHandler):
    """Empties the request and its response when the answer is sent and closed.

    A request without an answer (the client hung up) is left alone: a thread may still work on it.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().handle(scope, receive, send)
        for each in scope.pop(OVER, ()):
            vars(each).clear()

    async def run_get_response(self, request: HttpRequest) -> HttpResponseBase:
        response = await super().run_get_response(request)
        vars(request)["scope"][OVER] = (request, response)
        return response


def django_application() -> Any:
    """As `get_asgi_application` makes one."""
    django.setup(set_prefix=False)
    return Handler()
