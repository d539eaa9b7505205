"""Two pages: the undo of a run, and the restore of removed workspaces. Both show a plan, and apply it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods

from lib.database_clock import database_now
from workspaces import access
from workspaces.access import Actor, Right
from workspaces.admin.run.run_words import latest_runs
from workspaces.admin.shared.rendering import is_part, posted_text, render_page
from workspaces.admin.undo.taking_back import IDS, TakingBack, ids_in, ids_text
from workspaces.admin.undo.undo_context import further_undo_rows, undo_context
from workspaces.errors import AppliedAlready, InvalidRequest, OrgError, PlanChanged
from workspaces.models import Workspace
from workspaces.services.lookups import parse_id
from workspaces.services.plans.stored_plans import run_that_applied
from workspaces.services.security.rate_limits import Effort, require_turn
from workspaces.services.undo.undo_rights import within_rights
from workspaces.services.undo.undoing import UndoConfirmation, Undone
from workspaces.services.verdicts import confirmed_loss, confirmed_number, demand_of

MOST_AT_ONCE = 100
"""Workspaces in one address; the undo of a run restores any number."""

LONGEST_LOOK = timedelta(days=1)
LIST = "admin:workspaces_workspace_changelist"
SEVERAL = "They belong to several organizations: restore those of one at a time."


@require_http_methods(["GET", "HEAD", "POST"])
def undo_page(request: HttpRequest, run_id: UUID, *, site: AdminSite) -> HttpResponse:
    """The plan of undoing a run. POST applies it."""
    run = get_object_or_404(latest_runs(request.user, to=Right.VIEW), pk=run_id)
    return _page(request, site, TakingBack(organization=run.organization, run=run))


@require_http_methods(["GET", "HEAD", "POST"])
def restore_page(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """The plan of restoring the workspaces of the address. POST applies it; from the list it brings the ticked ones."""
    if request.method == "POST" and IDS not in request.GET:
        return _from_the_list(request)
    return _page(request, site, _chosen(request))


def _from_the_list(request: HttpRequest) -> HttpResponse:
    """Lead to the page of the ticked ones, whose address holds them."""
    user = access.require(request.user, Right.VIEW)
    ids = tuple(key for key in map(parse_id, request.POST.getlist(ACTION_CHECKBOX_NAME)) if key)
    if refusal := _too_many(ids, user):
        messages.warning(request, refusal)
        return redirect(f"{reverse(LIST)}?status=removed")
    return redirect(f"{reverse('admin:workspaces_workspace_restore')}?{IDS}={ids_text(ids)}")


def _too_many(ids: tuple[UUID, ...], user: User) -> str:
    """The reason why these cannot be restored together; "" if they can."""
    if not ids:
        return "Tick at least one."
    if len(ids) > MOST_AT_ONCE:
        return f"Tick {MOST_AT_ONCE} at most, or undo the run that removed them."
    places = Workspace.objects.visible_to(user).filter(id__one_of=ids).order_by().values("organization").distinct()
    return SEVERAL if places.count() > 1 else ""


def _chosen(request: HttpRequest) -> TakingBack:
    """Raises Denied, or Http404 if one is unknown or hidden from the user, or if they are of several organizations."""
    ids = ids_in(request.GET[IDS]) if IDS in request.GET else ()
    visible = Workspace.objects.visible_to(request.user, to=Right.VIEW).select_related("organization")
    if not 0 < len(ids) <= MOST_AT_ONCE:
        raise Http404(f"Choose 1 to {MOST_AT_ONCE} workspaces.")
    known = {row.pk: row for row in visible.filter(id__one_of=[key for key in ids if key])}
    if set(known) != set(ids):
        raise Http404("There is no such workspace.")
    places = {row.organization for row in known.values()}
    if len(places) > 1:
        raise Http404(SEVERAL)
    live = sum(row.is_live for row in known.values())
    return TakingBack(organization=places.pop(), ids=tuple(sorted(known)), live=live)


# ---- Either of them.


def _page(request: HttpRequest, site: AdminSite, taking: TakingBack) -> HttpResponse:
    if request.method != "POST":
        return _shown(request, site, taking)
    require_turn(access.require(request.user, Right.IMPORT), Effort.IMPORT)
    try:
        return redirect("admin:run", _apply(request, taking).run.pk)
    except AppliedAlready as error:
        messages.info(request, "This plan was applied already, by this run. It was not applied a second time.")
        return redirect("admin:run", error.applied_by)
    except OrgError as error:
        return _shown(request, site, taking, error=error)


def _apply(request: HttpRequest, taking: TakingBack) -> Undone:
    """Apply what the page showed, once, or nothing: the form brings back the fingerprint of its plan."""
    user, shown = access.require(request.user, Right.IMPORT), posted_text(request, "plan")
    if not shown:
        raise InvalidRequest("This form says not which plan was looked at. Nothing was changed.", field="plan")
    plan = taking.plan()
    if applied_by := run_that_applied(taking.organization, fingerprint=shown):
        raise AppliedAlready(plan, applied_by=applied_by)
    removals, empty = None, None
    if plan.fingerprint == shown:  # else it is refused, and no number is to be compared
        demand, sent = demand_of(plan), request.POST
        number, ticked = sent.get("confirm_removals", ""), "accept_collateral" in sent
        removals = confirmed_number(demand, number=number, ticked=ticked)
        number, ticked = sent.get("confirm_data_loss", ""), "accept_data_loss" in sent
        empty = confirmed_loss(demand, number=number, ticked=ticked)
    confirmation = UndoConfirmation(fingerprint=shown, confirm_removals=removals, confirm_data_loss=empty)
    if taking.run:
        confirmation = within_rights(confirmation, user=user, run=taking.run)
    return taking.apply(actor=Actor.of(user), reason=posted_text(request, "reason"), confirmation=confirmation)


def _shown(request: HttpRequest, site: AdminSite, taking: TakingBack, *, error: OrgError | None = None) -> HttpResponse:
    plan = taking.plan()
    title = f"Undo run #{taking.run.number}" if taking.run else "Restore"
    if is_part(request):
        table = further_undo_rows(taking, plan, request.GET)
        return render_page(request, site, "plan_rows.html", title=title, table=table)
    seen = _looked_at(request) if isinstance(error, PlanChanged) else None
    return render_page(
        request,
        site,
        "undo.html",
        title=title,
        view=undo_context(taking, plan, request.GET, user=request.user, seen=seen),
        run=taking.run,
        posted=request.POST,
        reason=posted_text(request, "reason"),
        error=error,
    )


def _looked_at(request: HttpRequest) -> datetime:
    """When the page was made whose form was sent: the form's own word, a day ago at most."""
    now = database_now()
    try:
        when = parse_datetime(posted_text(request, "seen"))
    except ValueError:
        when = None
    return max(when, now - LONGEST_LOOK) if when and when.tzinfo else now
