"""`Dismiss`: somebody has seen that an import failed, and home need not show it any longer."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from workspaces import access
from workspaces.access import Right
from workspaces.admin.run.run_context import latest_runs
from workspaces.admin.shared.form_once import once
from workspaces.services.actors import Actor
from workspaces.services.plans.runs import dismiss_run


@require_POST
def dismiss_page(request: HttpRequest, run_id: UUID, *, site: AdminSite) -> HttpResponse:
    """Back to home where the button stood there, else to the run."""
    return once(request, lambda: _dismiss(request, run_id, site))


def _dismiss(request: HttpRequest, run_id: UUID, site: AdminSite) -> HttpResponse:
    user = access.require(request.user, Right.IMPORT)
    run = get_object_or_404(latest_runs(user), pk=run_id)
    dismissed = dismiss_run(run, actor=Actor.of(user))
    messages.info(request, "The failure is dismissed; the run stays." if dismissed else "There is nothing to dismiss.")
    return redirect(f"{site.name}:index") if "home" in request.POST else redirect(f"{site.name}:run", run.pk)
