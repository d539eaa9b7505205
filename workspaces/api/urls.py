"""The REST API's addresses, each with and without a trailing slash; the schema lists the bare form."""

from __future__ import annotations

from django.urls import URLPattern, path
from rest_framework.views import APIView

from workspaces.api.agent_views import HeartbeatView, RegisterView
from workspaces.api.event_views import EventsView
from workspaces.api.health_views import HealthView, ReadyView
from workspaces.api.import_views import ImportView, TemplatesView
from workspaces.api.run_views import RunOperationsView, RunsView, RunView
from workspaces.api.schema_views import DocsView, SchemaView, TemplateSchemaView
from workspaces.api.stream_view import EventStreamView
from workspaces.api.undo_views import RestoreView, UndoView
from workspaces.api.workspace_views import WorkspacesView, WorkspaceTokensView, WorkspaceView


def both(route: str, view: type[APIView], *, name: str) -> list[URLPattern]:
    """No redirect leads from one form to the other: a redirected POST would lose its body."""
    return [path(route, view.as_view(), name=name), path(f"{route}/", view.as_view(schema=None))]


urlpatterns = [
    *both("org/import", ImportView, name="org-import"),
    *both("org/templates", TemplatesView, name="org-templates"),
    *both("workspaces", WorkspacesView, name="workspaces"),
    *both("workspaces/<str:workspace_id>", WorkspaceView, name="workspace"),
    *both("workspaces/<str:workspace_id>/tokens", WorkspaceTokensView, name="workspace-tokens"),
    *both("workspaces/<str:workspace_id>/restore", RestoreView, name="workspace-restore"),
    *both("workspaces/<str:workspace_id>/heartbeat", HeartbeatView, name="workspace-heartbeat"),
    *both("workspaces/<str:workspace_id>/register", RegisterView, name="workspace-register"),
    *both("runs", RunsView, name="runs"),
    *both("runs/<str:run_id>", RunView, name="run"),
    *both("runs/<str:run_id>/undo", UndoView, name="run-undo"),
    *both("runs/<str:run_id>/operations", RunOperationsView, name="run-operations"),
    *both("events", EventsView, name="events"),
    *both("events/stream", EventStreamView, name="event-stream"),
    *both("schema", SchemaView, name="schema"),
    *both("schema/template.json", TemplateSchemaView, name="template-schema"),
    *both("docs", DocsView, name="docs"),
    *both("healthz", HealthView, name="healthz"),
    *both("readyz", ReadyView, name="readyz"),
]
