"""The addresses of the pages that are no list or form of a model."""

from __future__ import annotations

from functools import partial

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from audit.pages import timeline
from workspaces.admin.again import container_again, run_again
from workspaces.admin.cascading import cascade_page
from workspaces.admin.dismissing import dismiss_page
from workspaces.admin.importing import import_page, plan_json, preview_page
from workspaces.admin.runs import run_page, runs_page

PAGES = (
    ("import/", import_page, "import"),
    ("import/<uuid:preview_id>/", preview_page, "import_preview"),
    ("import/<uuid:preview_id>/plan.json", plan_json, "import_plan"),
    ("runs/", runs_page, "runs"),
    ("runs/<uuid:run_id>/", run_page, "run"),
    ("runs/<uuid:run_id>/again/", run_again, "run_again"),
    ("runs/<uuid:run_id>/dismiss/", dismiss_page, "run_dismiss"),
    ("containers/<uuid:workspace_id>/again/", container_again, "container_again"),
    ("cascade-delete/", cascade_page, "cascade_delete"),
    ("timeline/", timeline, "timeline"),
)


def page_urls(site: AdminSite) -> list[URLPattern]:
    """Each page behind the site's login."""
    return [path(route, site.admin_view(partial(view, site=site)), name=name) for route, view, name in PAGES]
