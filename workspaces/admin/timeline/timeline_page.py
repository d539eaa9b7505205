"""The timeline page: parse the address, ask the events, show the answer."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from workspaces import access
from workspaces.access import Right
from workspaces.admin.timeline.downloads import download
from workspaces.admin.timeline.timeline_context import shown
from workspaces.admin.timeline.timeline_form import FORMATS, QuestionForm
from workspaces.models import Organization


@require_safe
def timeline(request: HttpRequest, *, site: AdminSite) -> HttpResponseBase:
    """`/admin/timeline/`: the events of the organizations the user may see, as a page or as a file."""
    user = access.require(request.user, Right.VIEW_EVENTS)
    names = dict(Organization.objects.visible_to(user).values_list("slug", "name"))
    form = QuestionForm(request.GET, organizations=names, sees_all=access.sees_all(user))
    wanted = request.GET.get("format", "")
    if wanted in FORMATS:
        return download(request, form.question(), format=wanted) if form.is_valid() else _refused(form)
    request.current_app = site.name
    context = {**site.each_context(request), "title": "Audit timeline", **shown(form, site=site)}
    return TemplateResponse(request, "audit/timeline.html", context)


def _refused(form: QuestionForm) -> HttpResponse:
    problems = [
        {"path": field, "line": None, "message": message} for field, found in form.errors.items() for message in found
    ]
    return JsonResponse({"error": "The filters make no sense; nothing was looked up.", "errors": problems}, status=400)
