"""A form that is sent twice, by a double click or a reload, is carried out once and leads to the same page.

Every rendering of a form already has a unique name: the CSRF token, which is masked anew for each page. With all that
was filled in it makes the form's key, so going back and sending something else is another form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect

from workspaces import access
from workspaces.errors import SubmittedBefore
from workspaces.services.submissions import SubmissionOutcome, carried_out_once

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin

NONCE = "csrfmiddlewaretoken"


def once(request: HttpRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer of `act`; if this form was carried out before, a redirect to its result.

    `act` did something if it answers with a redirect. All it does is one transaction.
    """

    def led(outcome: SubmissionOutcome) -> HttpResponse:
        response = act()
        outcome.address = response.url if isinstance(response, HttpResponseRedirect) else ""
        return response

    return once_leading(request, led)


def once_leading(request: HttpRequest, act: Callable[[SubmissionOutcome], HttpResponse]) -> HttpResponse:
    """The same, but `act` puts its result's address into the outcome, if it did something."""
    if request.method != "POST" or NONCE not in request.POST:
        return act(SubmissionOutcome())
    try:
        with carried_out_once(_key(request), user=access.require(request.user)) as outcome:
            return act(outcome)
    except SubmittedBefore as repeated:
        messages.info(request, str(repeated))
        return redirect(repeated.address)


class SentOnce(Base):
    """The form of a model, to add or to change a row, is carried out once."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return once(request, lambda: super(SentOnce, self).changeform_view(request, object_id, form_url, extra_context))


def _key(request: HttpRequest) -> str:
    """SHA-256 (hex) of user, address and content."""
    sent = urlencode([(name, value) for name, values in request.POST.lists() for value in values], errors="replace")
    return hashlib.sha256(f"{request.user.pk} {request.get_full_path()} {sent}".encode(errors="replace")).hexdigest()
