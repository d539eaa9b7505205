"""Who may do what: Django's permissions, action by action. Membership is asked where rows are found (`visible_to`).

The order of answers: 401 without credentials, 403 without the permission, and only then 404.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission

from workspaces.models import ApiToken, WorkspaceToken

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.request import Request
    from rest_framework.views import APIView

VIEW = "workspaces.view_workspace"
ADD = "workspaces.add_workspace"
CHANGE = "workspaces.change_workspace"
IMPORT = "workspaces.import_org"
CASCADE_DELETE = "workspaces.cascade_delete"
VIEW_EVENTS = "audit.view_structureevent"


class Authenticated(BasePermission):
    """Any active user; a read-only token passes methods that change nothing."""

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Method → permissions, any one of which is enough. A method that is not named needs none (and mostly is a 405)."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.is_authenticated:
            return False
        if request.method not in SAFE_METHODS and isinstance(request.auth, ApiToken) and request.auth.read_only:
            raise PermissionDenied("This token is read-only.")
        needed = self.needs.get("GET" if request.method == "HEAD" else str(request.method), ())
        if needed and not any(request.user.has_perm(permission) for permission in needed):
            raise PermissionDenied(f"You need the permission {' or '.join(needed)}.")
        return True


class OnImport(Authenticated):
    needs = {"POST": (IMPORT,)}


class OnTemplates(Authenticated):
    needs = {"GET": (IMPORT, VIEW)}


class OnWorkspaces(Authenticated):
    needs = {"GET": (VIEW,), "POST": (ADD,)}


class OnWorkspace(Authenticated):
    needs = {"GET": (VIEW,), "PATCH": (CHANGE,), "DELETE": (CASCADE_DELETE,)}


class OnWorkspaceTokens(Authenticated):
    needs = {"POST": (CHANGE,)}


class OnEvents(Authenticated):
    needs = {"GET": (VIEW_EVENTS,)}


class OwnToken(BasePermission):
    """The workspace's agent itself; no user may speak for it, a superuser neither."""

    message = "Only the workspace's own token may do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, WorkspaceToken)


def require_removal_right(user: User) -> None:
    """An import that may remove workspaces needs the right to cascade-delete them. Raises PermissionDenied (403)."""
    if not user.has_perm(CASCADE_DELETE):
        raise PermissionDenied(f"Reconcile removes workspaces: you also need the permission {CASCADE_DELETE}.")
