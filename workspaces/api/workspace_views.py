"""`/workspaces`: list, create, look at, change, delete, and give an agent its token."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.access import Right
from workspaces.api import openapi
from workspaces.api.answer_schemas import TokenAnswer, answer
from workspaces.api.base_view import ApiView, ListView
from workspaces.api.callers import OnWorkspace, OnWorkspaces, OnWorkspaceTokens
from workspaces.api.pagination import Keyset
from workspaces.api.parsers import body_fields
from workspaces.api.serializers import ChangedFields, DeleteFields, NewWorkspaceFields, WorkspaceDetail, WorkspaceRow
from workspaces.api.workspace_filter import WorkspaceFilter
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.template import Node
from workspaces.models import Workspace
from workspaces.models.querysets import WorkspaceQuerySet
from workspaces.services.containers.purging import StoredData
from workspaces.services.lookups import organization_at, workspace_for
from workspaces.services.removal.cascading import Deletion, delete_workspace
from workspaces.services.security.tokens import issue_workspace_token
from workspaces.services.workspace.adding import create_workspace
from workspaces.services.workspace.editing import Changes, edit_workspace


class WorkspacePages(Keyset):
    keys = ("id",)  # ids begin with the time of their making


@openapi.workspaces
class WorkspacesView(ListView):
    permission_classes = [OnWorkspaces]
    serializer_class = WorkspaceRow
    filterset_class = WorkspaceFilter
    pagination_class = WorkspacePages
    queryset = Workspace.objects.none()

    def get_queryset(self) -> WorkspaceQuerySet:
        return Workspace.objects.visible_to(self.caller.user).select_related("organization")

    def post(self, request: Request) -> Response:
        asked = body_fields(request, NewWorkspaceFields)
        workspace = create_workspace(
            organization_at(self.caller.user, slug=asked.pop("org"), parent_id=asked["parent"]),
            parent_id=asked.pop("parent"),
            node=Node(path="", **asked),
            actor=self.caller.actor,
        )
        return Response(WorkspaceDetail(workspace).data, status=201)


@openapi.workspace
class WorkspaceView(ApiView):
    permission_classes = [OnWorkspace]
    destructive = ("DELETE",)
    shapes = {"DELETE": DeleteFields}

    def get(self, request: Request, workspace_id: str) -> Response:
        workspace = workspace_for(self.caller.user, workspace_id, to=Right.VIEW)
        return Response(WorkspaceDetail().to_representation(workspace))

    def patch(self, request: Request, workspace_id: str) -> Response:
        asked = body_fields(request, ChangedFields)
        reason = asked.pop("reason")
        changes: Changes = asked  # type: ignore[assignment]
        workspace = workspace_for(self.caller.user, workspace_id, to=Right.CHANGE)
        changed = edit_workspace(workspace, changes, actor=self.caller.actor, reason=reason)
        return Response(WorkspaceDetail().to_representation(changed))

    def delete(self, request: Request, workspace_id: str) -> Response:
        deletion = delete_workspace(
            workspace_for(self.caller.user, workspace_id, to=Right.CASCADE_DELETE),
            confirmed=self.asked["confirm"],
            actor=self.caller.actor,
            reason=self.asked["reason"],
            data=self.asked["data"],
        )
        told = deleted(deletion)
        if deletion.done and deletion.run is None and self.asked["data"] is DataPolicy.ERASE:
            told["purged"] = purged(deletion.purged)
        return Response(told, status=200 if deletion.done else 409)


@openapi.workspace_tokens
class WorkspaceTokensView(ApiView):
    permission_classes = [OnWorkspaceTokens]

    def post(self, request: Request, workspace_id: str) -> Response:
        workspace = workspace_for(self.caller.user, workspace_id, to=Right.CHANGE)
        text = issue_workspace_token(workspace, actor=self.caller.actor)
        return Response(answer(TokenAnswer, token=text), status=201, headers={"Cache-Control": "no-store"})


def purged(data: StoredData | None) -> dict[str, Any] | None:
    """The data of a removed workspace that is destroyed by this; None if none was stored."""
    return {"volumes": list(data.volumes), "bytes": data.bytes} if data else None


def deleted(deletion: Deletion) -> dict[str, Any]:
    """The answer to a delete: done, or to be confirmed."""
    if deletion.done:
        run = str(deletion.run.pk) if deletion.run else None
        return {"status": "removed", "cascade_deleted": deletion.descendants_count, "run_id": run}
    return {
        "status": "confirmation_required",
        "children_count": len(deletion.children),
        "descendants_count": deletion.descendants_count,
        "children": [{"id": str(row.id), "name": row.name} for row in deletion.children],
    }
