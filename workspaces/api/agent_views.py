"""Messages of a workspace's agent, with the workspace's own token."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.api import openapi
from workspaces.api.answer_schemas import GoneAnswer, answer
from workspaces.api.base_view import ApiView
from workspaces.api.callers import (
    AdminSessionAuthentication,
    BearerAuthentication,
    OwnToken,
    WorkspaceTokenAuthentication,
)
from workspaces.api.parsers import body_fields
from workspaces.api.serializers import RegisterFields
from workspaces.errors import NotFound, WorkspaceRemoved
from workspaces.services.workspace.presence import heartbeat, refuse_removed, register


class PresenceView(ApiView):
    """Users are recognized too, so that they hear 403 and not 401."""

    authentication_classes = [WorkspaceTokenAuthentication, BearerAuthentication, AdminSessionAuthentication]
    permission_classes = [OwnToken]

    def handle_exception(self, error: Exception) -> Response:
        if isinstance(error, WorkspaceRemoved):
            return Response(answer(GoneAnswer, deleted=True), status=410)
        return super().handle_exception(error)


@openapi.heartbeat
class HeartbeatView(PresenceView):
    def post(self, request: Request, workspace_id: str) -> Response:
        heartbeat(own_id(request, workspace_id))
        return Response(status=204)


@openapi.register
class RegisterView(PresenceView):
    def post(self, request: Request, workspace_id: str) -> Response:
        key = own_id(request, workspace_id)
        refuse_removed(key)
        register(key, url=body_fields(request, RegisterFields)["url"])
        return Response(status=204)


def own_id(request: Request, text: str) -> UUID:
    """The id of the token's workspace. Raises NotFound where the address names another one."""
    key: UUID = request.auth.workspace_id  # type: ignore[union-attr]
    if str(key) != text.lower():
        raise NotFound("There is no such workspace.")
    return key
