"""Kept data: a page that lists what removed workspaces left, and one that confirms its end."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from lib.text import plural
from workspaces import access
from workspaces.access import Actor, Right
from workspaces.admin.kept_data.kept_context import MOST_AT_ONCE, KeptView, PurgeView
from workspaces.admin.shared.form_once import once_leading
from workspaces.admin.shared.rendering import page_number, posted_text, render_page
from workspaces.errors import CascadeChanged, InvalidRequest, OrgError
from workspaces.models import Organization, Workspace
from workspaces.services.containers.purging import purge_now
from workspaces.services.lookups import parse_id
from workspaces.services.removal.kept_data import kept_rows
from workspaces.services.security.rate_limits import Effort, require_turn
from workspaces.services.submissions import SubmissionOutcome

LIST = "admin:kept_data"


@require_safe
def kept_data_page(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """The list of what waits until its time is over, and of what is kept for good."""
    user, slug = access.require(request.user, Right.VIEW), request.GET.get("org", "")
    if slug and not Organization.objects.visible_to(user).filter(slug=slug).exists():
        raise Http404("There is no such organization.")
    return render_page(
        request,
        site,
        "kept_data.html",
        title="Kept data",
        view=KeptView(user=user, slug=slug, number=page_number(request)),
        field=ACTION_CHECKBOX_NAME,
        may_purge=access.has(user, Right.CASCADE_DELETE),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def purge_page(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """The confirmation for the selected workspaces; with `confirm` in the form, the end of their data."""
    if "confirm" in request.POST:
        return once_leading(request, lambda outcome: _decide(request, site, outcome))
    return _decide(request, site, SubmissionOutcome())


def _decide(request: HttpRequest, site: AdminSite, outcome: SubmissionOutcome) -> HttpResponse:
    user = access.require(request.user, Right.CASCADE_DELETE)
    chosen = _chosen(request, user)
    if not chosen:
        messages.warning(request, "Tick at least one.")
        return redirect(LIST)
    if "confirm" not in request.POST:
        return _confirmation(request, site, chosen)
    require_turn(user, Effort.IMPORT)
    try:
        count = _purge(request, chosen, user)
    except OrgError as error:
        return _confirmation(request, site, chosen, error=error)
    done = f"The data of {plural(count, 'workspace')} is being destroyed."
    outcome.address, outcome.sentence = reverse(LIST), f"That was done already: {done}"
    messages.success(request, done)
    return redirect(LIST)


def _chosen(request: HttpRequest, user: User) -> list[UUID]:
    """The selected ids. Raises Http404 if one is unknown or hidden from the user, or if there are too many."""
    texts = (request.POST if request.method == "POST" else request.GET).getlist(ACTION_CHECKBOX_NAME)
    if len(texts) > MOST_AT_ONCE:
        raise Http404(f"More than {MOST_AT_ONCE} at once.")
    ids = {parse_id(text) for text in texts}
    known = Workspace.objects.visible_to(user).filter(id__one_of=ids - {None}).values_list("id", flat=True)
    if set(known) != ids:
        raise Http404("There is no such workspace.")
    return sorted(known)


def _purge(request: HttpRequest, chosen: Collection[UUID], user: User) -> int:
    """All that the page showed, or nothing. Returns the number of workspaces."""
    number = request.POST.get("number", "").strip()
    rows = kept_rows(chosen)
    if len(rows) != len(chosen):
        gone = plural(len(chosen) - len(rows), "workspace")
        raise CascadeChanged(f"{gone} of these came back, or lost the data meanwhile. Look again.")
    if number != str(len(rows)):
        raise InvalidRequest(
            f"The number of workspaces is {len(rows)}, not “{number}”. Nothing was destroyed.", field="number"
        )
    return len(purge_now(chosen, actor=Actor.of(user), reason=posted_text(request, "reason")))


def _confirmation(
    request: HttpRequest, site: AdminSite, chosen: Collection[UUID], *, error: OrgError | None = None
) -> HttpResponse:
    view = PurgeView(rows=kept_rows(chosen), chosen=len(chosen))
    return render_page(
        request,
        site,
        "purge.html",
        title="Destroy kept data",
        view=view,
        field=ACTION_CHECKBOX_NAME,
        reason=posted_text(request, "reason"),
        error=error,
    )
