"""Messages of a workspace's agent, with the workspace's own token."""

from __future__ import annotations

from collections.abc import Callable
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
from workspaces.services.removal.tombstones import tombstone_of
from workspaces.services.workspace.presence import heartbeat, refuse_removed, register

TOLD = ("removed_at", "by", "reason", "run_id", "restorable_until")


class PresenceView(ApiView):
    """Users are recognized too, so that they hear 403 and not 401."""

    authentication_classes = [WorkspaceTokenAuthentication, BearerAuthentication, AdminSessionAuthentication]
    permission_classes = [OwnToken]


@openapi.heartbeat
class HeartbeatView(PresenceView):
    def post(self, request: Request, workspace_id: str) -> Response:
        key = own_id(request, workspace_id)
        return noted(key, lambda: heartbeat(key))


@openapi.register
class RegisterView(PresenceView):
    def post(self, request: Request, workspace_id: str) -> Response:
        key = own_id(request, workspace_id)

        def store() -> None:
            refuse_removed(key)
            register(key, url=body_fields(request, RegisterFields)["url"])

        return noted(key, store)


def noted(key: UUID, act: Callable[[], None]) -> Response:
    """204, or 410 with the tombstone if the workspace is removed."""
    try:
        act()
    except WorkspaceRemoved:
        stone = tombstone_of(key)
        known = {name: getattr(stone, name, None) for name in TOLD}
        return Response(answer(GoneAnswer, deleted=True, **known), status=410)
    return Response(status=204)


def own_id(request: Request, text: str) -> UUID:
    """The id of the token's workspace. Raises NotFound where the address names another one."""
    key: UUID = request.auth.workspace_id  # type: ignore[union-attr]
    if str(key) != text.lower():
        raise NotFound("There is no such workspace.")
    return key
