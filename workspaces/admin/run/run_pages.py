"""Runs: the list, and one of them with its operations."""

from __future__ import annotations

from uuid import UUID

from django.contrib.admin import AdminSite
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from workspaces.access import Right
from workspaces.admin.run.run_context import run_context, run_lines
from workspaces.admin.run.run_words import latest_runs
from workspaces.admin.shared.rendering import is_part, page_number, render_page
from workspaces.admin.shared.system_state import system_of

RUNS_PER_PAGE = 50


@require_safe
def runs_page(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """All runs of the organizations the user may see."""
    runs = latest_runs(request.user, to=Right.VIEW)
    page = Paginator(runs, RUNS_PER_PAGE).get_page(page_number(request))
    return render_page(request, site, "runs.html", title="Runs", page=page, runs=run_lines(page.object_list))


@require_safe
def run_page(request: HttpRequest, run_id: UUID, *, site: AdminSite) -> HttpResponse:
    """One run: its outcome and its operations. While it runs, its page polls for the changing part."""
    run = get_object_or_404(latest_runs(request.user, to=Right.VIEW), pk=run_id)
    view = run_context(run, page=page_number(request))
    template = "run_now.html" if is_part(request) else "run.html"
    return render_page(
        request,
        site,
        template,
        title=f"Run #{run.number}",
        view=view,
        run=run,
        page=view.page,
        system=system_of(request.user) if view.moving else None,
    )
