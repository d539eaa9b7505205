"""Runs: the list, and one of them with its operations."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.admin import AdminSite
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from workspaces import access
from workspaces.access import Right
from workspaces.admin.run.run_context import RunContext, latest_runs, run_views
from workspaces.admin.shared.rendering import is_part, page_number, render_page
from workspaces.admin.shared.system_state import system_of

RUNS_PER_PAGE = 50
ROWS_PER_PAGE = 500


@require_safe
def runs_page(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """All runs of the organizations the user may see."""
    user = access.require(request.user, Right.VIEW)
    page = Paginator(latest_runs(user), RUNS_PER_PAGE).get_page(page_number(request))
    runs = run_views(page.object_list)
    return render_page(request, site, "runs.html", title="Runs", page=page, runs=runs)


@require_safe
def run_page(request: HttpRequest, run_id: UUID, *, site: AdminSite) -> HttpResponse:
    """One run: its outcome and its operations. While it runs, its page polls for the changing part."""
    user = access.require(request.user, Right.VIEW)
    view = RunContext(run=get_object_or_404(latest_runs(user), pk=run_id))
    rows: Any = view.rows
    page = Paginator(rows, ROWS_PER_PAGE).get_page(page_number(request))
    template = "run_now.html" if is_part(request) else "run.html"
    return render_page(
        request,
        site,
        template,
        title=f"Run {view.short_id}",
        view=view,
        run=view.run,
        page=page,
        system=system_of(user) if view.moving else None,
    )
