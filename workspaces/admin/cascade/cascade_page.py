"""Cascade delete: a page that shows every workspace that goes, once, before anything happens."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from lib.text import plural
from workspaces import access
from workspaces.access import Actor, Right
from workspaces.admin.cascade.cascade_context import CascadeView
from workspaces.admin.shared.form_once import once_leading
from workspaces.admin.shared.rendering import posted_text, render_page
from workspaces.errors import CascadeChanged, OrgError
from workspaces.models import Workspace
from workspaces.services.lookups import parse_id
from workspaces.services.removal.cascading import Doomed, cascade_delete
from workspaces.services.security.rate_limits import Effort, require_turn
from workspaces.services.submissions import SubmissionOutcome
from workspaces.services.verdicts import confirmed_number

LIST = "admin:workspaces_workspace_changelist"


@require_http_methods(["GET", "HEAD", "POST"])
def cascade_page(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """The confirmation for the selected workspaces; with `confirm` in the form, the removal."""
    if "confirm" in request.POST:
        return once_leading(request, lambda outcome: _decide(request, site, outcome))
    return _decide(request, site, SubmissionOutcome())


def _decide(request: HttpRequest, site: AdminSite, outcome: SubmissionOutcome) -> HttpResponse:
    user = access.require(request.user, Right.CASCADE_DELETE)
    chosen = _chosen(request, user)
    if not chosen:
        messages.warning(request, "Select the workspaces to remove first.")
        return redirect(LIST)
    if "confirm" in request.POST:
        require_turn(user, Effort.IMPORT)
    view = CascadeView.of(chosen, number=request.POST.get("p", "1"))
    try:
        _refuse_surprise(request, view)
        if "confirm" not in request.POST:
            return _confirmation(request, site, view)
        gone = _remove(request, view, user)
    except OrgError as error:
        return _confirmation(request, site, CascadeView.of(chosen), error=error)
    done = f"{plural(len(gone), 'workspace')} removed."
    outcome.address, outcome.sentence = reverse(LIST), f"That was done already: {done}"
    messages.success(request, done)
    return redirect(LIST)


def _chosen(request: HttpRequest, user: User) -> list[UUID]:
    """The selected ids. Raises Http404 if one is unknown or hidden from the user."""
    texts = (request.POST if request.method == "POST" else request.GET).getlist(ACTION_CHECKBOX_NAME)
    ids = {parse_id(text) for text in texts}
    known = Workspace.objects.visible_to(user).filter(id__one_of=ids - {None}).values_list("id", flat=True)
    if set(known) != ids:
        raise Http404("There is no such workspace.")
    return sorted(known)


def _refuse_surprise(request: HttpRequest, view: CascadeView) -> None:
    """Raise CascadeChanged if other workspaces would go now than the page showed."""
    looked = not request.POST.keys().isdisjoint({"confirm", "fingerprint"})
    if looked and request.POST.get("fingerprint") != view.fingerprint:
        raise CascadeChanged(f"The tree changed meanwhile: {plural(view.count, 'workspace')} would go now. Look again.")


def _remove(request: HttpRequest, view: CascadeView, user: User) -> tuple[Doomed, ...]:
    """All that the page showed, or nothing: compared once more under the organization's lock."""
    confirmed_number(view.demand, number=request.POST.get("confirm_removals", ""))
    reason = posted_text(request, "reason")
    return cascade_delete(view.chosen, actor=Actor.of(user), reason=reason, expected=view.ids).doomed


def _confirmation(
    request: HttpRequest, site: AdminSite, view: CascadeView, *, error: OrgError | None = None
) -> HttpResponse:
    return render_page(
        request,
        site,
        "cascade.html",
        title=f"Cascade delete: {plural(view.count, 'workspace')}",
        view=view,
        field=ACTION_CHECKBOX_NAME,
        reason=posted_text(request, "reason"),
        error=error,
    )
