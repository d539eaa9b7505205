"""Upload a template: its previews are kept and shown."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from lib.bounded_count import Tally
from workspaces import access
from workspaces.access import Right
from workspaces.admin.run.run_context import latest_runs, run_views
from workspaces.admin.shared.rendering import faults_of, posted_text, render_page
from workspaces.core.validating.validation_context import MissingFiles
from workspaces.errors import InvalidRequest, NotFound, OrgError
from workspaces.models import ImportPreview, Organization
from workspaces.services.imports.previews import store_preview
from workspaces.services.lookups import organization_for
from workspaces.services.security.throttling import Effort, require_turn
from workspaces.services.templates.directory_list import find_directory, list_directories
from workspaces.services.templates.loader import LoadedTemplate, site_loader
from workspaces.web.error_statuses import status_of

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
        status=status_of(error),
        organizations=[(each, Tally.of(each.live_count)) for each in organizations],
        chosen=request.POST.get("org") or request.GET.get("org", ""),
        directories=list_directories(site_loader(MissingFiles.WARN)),
        chosen_directory=request.POST.get("dir", ""),
        missing_files="missing_files" in request.POST,
        runs=run_views(latest_runs(user)[:LATEST]),
        max_bytes=settings.ORGSITE_MAX_TEMPLATE_BYTES,
        error=error,
        faults=faults_of(error),
    )
