"""The addresses of the pages that are no list or form of a model."""

from __future__ import annotations

from workspaces.admin.cascade.cascade_page import cascade_page
from workspaces.admin.kept_data.kept_pages import kept_data_page, purge_page
from workspaces.admin.preview.preview_pages import import_page, plan_json, preview_page
from workspaces.admin.run.run_actions import container_again, dismiss_page, run_again
from workspaces.admin.run.run_pages import run_page, runs_page
from workspaces.admin.timeline.timeline_page import timeline
from workspaces.admin.undo.undo_pages import restore_page, undo_page

PAGES = (
    ("timeline/", timeline, "timeline"),
    ("import/", import_page, "import"),
    ("import/<uuid:preview_id>/", preview_page, "import_preview"),
    ("import/<uuid:preview_id>/plan.json", plan_json, "import_plan"),
    ("runs/", runs_page, "runs"),
    ("runs/<uuid:run_id>/", run_page, "run"),
    ("runs/<uuid:run_id>/again/", run_again, "run_again"),
    ("runs/<uuid:run_id>/dismiss/", dismiss_page, "run_dismiss"),
    ("runs/<uuid:run_id>/undo/", undo_page, "workspaces_importrun_undo"),
    ("restore/", restore_page, "workspaces_workspace_restore"),
    ("containers/<uuid:workspace_id>/again/", container_again, "container_again"),
    ("cascade-delete/", cascade_page, "cascade_delete"),
    ("kept-data/", kept_data_page, "kept_data"),
    ("kept-data/purge/", purge_page, "purge"),
)
