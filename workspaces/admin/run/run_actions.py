"""The buttons of a run: `Try again now`, before the automatic retry; `Dismiss`, for a failure that was seen."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from lib.text import plural
from workspaces import access
from workspaces.access import Actor, Right
from workspaces.admin.run.run_stages import Stages
from workspaces.admin.run.run_words import latest_runs
from workspaces.admin.shared.form_once import once
from workspaces.models import Workspace
from workspaces.services.containers.desired_state import try_again
from workspaces.services.plans.runs import dismiss_run


@require_POST
def run_again(request: HttpRequest, run_id: UUID, *, site: AdminSite) -> HttpResponse:
    """Retry a run's failed containers."""
    return once(request, lambda: _run_again(request, run_id, site))


def _run_again(request: HttpRequest, run_id: UUID, site: AdminSite) -> HttpResponse:
    run = get_object_or_404(latest_runs(request.user, to=Right.IMPORT), pk=run_id)
    _say_how_many(request, try_again(list(Stages(import_id=run.pk).failing.values_list("pk", flat=True))))
    return redirect(f"{site.name}:run", run.pk)


@require_POST
def container_again(request: HttpRequest, workspace_id: UUID, *, site: AdminSite) -> HttpResponse:
    """Retry one workspace's container; back to the run that decided about it, or to the workspace."""
    return once(request, lambda: _container_again(request, workspace_id, site))


def _container_again(request: HttpRequest, workspace_id: UUID, site: AdminSite) -> HttpResponse:
    rows = Workspace.objects.visible_to(request.user, to=Right.IMPORT).select_related("container")
    workspace = get_object_or_404(rows, pk=workspace_id, container__isnull=False)
    _say_how_many(request, try_again([workspace.pk]))
    if import_id := workspace.container.import_id:
        return redirect(f"{site.name}:run", import_id)
    return redirect(f"{site.name}:workspaces_workspace_change", workspace.pk)


def _say_how_many(request: HttpRequest, count: int) -> None:
    messages.info(request, f"{plural(count, 'container')} will be tried at once." if count else "Nothing waits there.")


@require_POST
def dismiss_page(request: HttpRequest, run_id: UUID, *, site: AdminSite) -> HttpResponse:
    """Dismiss; back to home if the button was there, else to the run."""
    return once(request, lambda: _dismiss(request, run_id, site))


def _dismiss(request: HttpRequest, run_id: UUID, site: AdminSite) -> HttpResponse:
    user = access.require(request.user, Right.IMPORT)
    run = get_object_or_404(latest_runs(user), pk=run_id)
    dismissed = dismiss_run(run, actor=Actor.of(user))
    messages.info(request, "The failure is dismissed; the run stays." if dismissed else "There is nothing to dismiss.")
    return redirect(f"{site.name}:index") if "home" in request.POST else redirect(f"{site.name}:run", run.pk)
