"""Two pages: the upload of a template, and the preview, from which it is applied."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.views.decorators.http import require_http_methods, require_safe

from lib.bounded_count import Tally
from lib.links import Address
from lib.text import listed
from workspaces import access
from workspaces.access import Actor, Right
from workspaces.admin.preview.plan_options import OPTIONS, Chosen
from workspaces.admin.preview.preview_context import further_rows, preview_context
from workspaces.admin.run.run_context import run_lines
from workspaces.admin.run.run_words import latest_runs
from workspaces.admin.shared.rendering import is_part, posted_text, render_page
from workspaces.core.planning.plan import parse_mode
from workspaces.core.planning.plan_values import IMPORT_MODES, Mode
from workspaces.core.validating.validation_context import MissingFiles
from workspaces.errors import AppliedAlready, InvalidOptions, InvalidRequest, NotFound, OrgError
from workspaces.models import ImportPreview, Organization
from workspaces.services.imports.accident import accident_of
from workspaces.services.imports.importing import Applied, preview_answer
from workspaces.services.imports.previews import Preview, apply_preview, open_preview, preview_again, store_preview
from workspaces.services.lookups import organization_for
from workspaces.services.security.rate_limits import Effort, require_turn
from workspaces.services.templates.directory_list import find_directory, list_directories
from workspaces.services.templates.loader import LoadedTemplate, site_loader
from workspaces.services.verdicts import confirmed_number, demand_of

LATEST = 5


@require_http_methods(["GET", "HEAD", "POST"])
def import_page(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """The upload form. POST keeps the previews and shows them; no workspace changes."""
    user = access.require(request.user, Right.IMPORT)
    if request.method != "POST":
        return _form(request, site, user)
    require_turn(user, Effort.IMPORT)
    try:
        return redirect("admin:import_preview", _keep_preview(request, user).pk)
    except NotFound as error:
        raise Http404(str(error)) from error
    except OrgError as error:
        return _form(request, site, user, error=error)


def _keep_preview(request: HttpRequest, user: User) -> ImportPreview:
    organization = organization_for(user, posted_text(request, "org"), to=Right.IMPORT)
    return store_preview(organization, _template(request), user=user)


def _template(request: HttpRequest) -> LoadedTemplate:
    """A file wins over a directory when both are given."""
    file, name = request.FILES.get("file"), posted_text(request, "dir")
    loader = site_loader(MissingFiles.WARN if "missing_files" in request.POST else MissingFiles.ERROR)
    if file:
        return loader.upload(file.name or "", file.read())
    if name:
        return loader.directory(find_directory(name))
    raise InvalidRequest("Choose a file, or one of the directories on this server.", field="file")


def _form(request: HttpRequest, site: AdminSite, user: User, *, error: OrgError | None = None) -> HttpResponse:
    organizations: Any = Organization.objects.visible_to(user).count_live()
    return render_page(
        request,
        site,
        "import.html",
        title="Import an org template",
        organizations=[(each, Tally.of(each.live_count)) for each in organizations],
        chosen=request.POST.get("org") or request.GET.get("org", ""),
        directories=list_directories(site_loader(MissingFiles.WARN)),
        chosen_directory=request.POST.get("dir", ""),
        missing_files="missing_files" in request.POST,
        runs=run_lines(latest_runs(user)[:LATEST]),
        max_bytes=settings.ORGSITE_MAX_TEMPLATE_BYTES,
        error=error,
    )


# ---- Both plans of an uploaded template side by side, and the form that applies one of them.


@require_http_methods(["GET", "HEAD", "POST"])
def preview_page(request: HttpRequest, preview_id: UUID, *, site: AdminSite) -> HttpResponse:
    """Both plans side by side. POST applies the chosen one, or compares the template again."""
    user = access.require(request.user, Right.IMPORT)
    if request.method == "POST":
        require_turn(user, Effort.IMPORT)
    try:
        return _decide(request, site, preview_id, user)
    except NotFound:
        return _gone(request, site)


def _decide(request: HttpRequest, site: AdminSite, preview_id: UUID, user: User) -> HttpResponse:
    preview = open_preview(preview_id, user=user)
    if request.method != "POST":
        return _preview(request, site, preview)
    if "again" in request.POST:
        return redirect(_address(preview_again(preview, user=user), request))
    if preview.applied_by:
        return _to_run(request, preview.applied_by.pk)
    try:
        return redirect("admin:run", _apply(request, preview).run.pk)
    except AppliedAlready as error:
        return _to_run(request, error.applied_by)
    except OrgError as error:
        return _preview(request, site, open_preview(preview_id, user=user), error=error)


def _to_run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Redirect a second click, or a second person, to the run that applied the plan: it is applied once."""
    messages.info(request, "This plan was applied already, by this run. It was not applied a second time.")
    return redirect("admin:run", run_id)


def _address(record: ImportPreview, request: HttpRequest) -> str:
    """The page of another preview, with the options of this one."""
    kept = Address({name: request.GET.get(name, "") for name in OPTIONS})
    return reverse("admin:import_preview", args=[record.pk]) + (kept.but() if kept.state else "")


@require_safe
def plan_json(request: HttpRequest, preview_id: UUID, *, site: AdminSite) -> HttpResponse:  # noqa: ARG001
    """Both plans as a dry run of the API answers them."""
    user = access.require(request.user, Right.IMPORT)
    try:
        preview = open_preview(preview_id, user=user)
    except NotFound as error:
        raise Http404(str(error)) from error
    chosen, wrong = _chosen(request.GET)
    if wrong:
        return JsonResponse({"detail": str(wrong)}, status=400)
    answer = {str(mode): preview_answer(preview.plan(mode, chosen.of_mode(mode))) for mode in IMPORT_MODES}
    return JsonResponse(answer, json_dumps_params={"indent": 2, "ensure_ascii": False})


def _apply(request: HttpRequest, preview: Preview) -> Applied:
    """Every check of the page once more; the plan's own are made under the organization's lock."""
    mode = parse_mode(request.POST.get("mode"))
    user = access.require(request.user, Right.IMPORT, *(() if mode is Mode.MERGE else (Right.CASCADE_DELETE,)))
    chosen = Chosen.of(request.POST)
    if mode is Mode.RECONCILE and not chosen.prefers and accident_of(preview, chosen.reconcile):
        raise InvalidRequest("Choose which of the two stays. Nothing was changed.", field="prefer")
    demand = demand_of(preview.plan(mode, chosen.of_mode(mode)))
    demanding = mode is Mode.RECONCILE or demand.released
    number, ticked = request.POST.get("confirm_removals", ""), "accept_collateral" in request.POST
    return apply_preview(
        preview,
        mode=mode,
        options=chosen.of_mode(mode),
        actor=Actor.of(user),
        confirm_removals=confirmed_number(demand, number=number, ticked=ticked) if demanding else None,
        reason=posted_text(request, "reason"),
    )


def _preview(request: HttpRequest, site: AdminSite, preview: Preview, *, error: OrgError | None = None) -> HttpResponse:
    title = f"Preview of {preview.record.source or preview.template.name}"
    chosen, wrong = _chosen(request.POST if request.method == "POST" else request.GET)
    if is_part(request):
        table = further_rows(preview, request.GET, chosen)
        return render_page(request, site, "plan_rows.html", title=title, table=table)
    organization = preview.record.organization
    may_reconcile = access.may(request.user, Right.CASCADE_DELETE, organization)
    return render_page(
        request,
        site,
        "preview.html",
        title=title,
        view=preview_context(preview, request.GET, chosen, opened=request.POST.get("mode", "")),
        record=preview.record,
        may_reconcile=may_reconcile,
        who_may="" if may_reconcile else listed(access.who_may(Right.CASCADE_DELETE, organization), most=8),
        posted=request.POST,
        reasons={request.POST.get("mode", ""): posted_text(request, "reason")},
        error=error or wrong,
    )


def _chosen(given: QueryDict) -> tuple[Chosen, OrgError | None]:
    """The options, or those by default and what is wrong with the given ones."""
    try:
        return Chosen.of(given), None
    except InvalidOptions as error:
        return Chosen(), error


def _gone(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The same answer for an expired preview, an unknown one, and another organization's."""
    now = timezone.now()
    kept = timesince(now - timedelta(seconds=settings.ORGSITE_PREVIEW_LIFETIME), now)
    return render_page(request, site, "preview_gone.html", title="No such preview", status=404, kept=kept)
