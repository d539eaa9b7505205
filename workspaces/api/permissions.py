"""Permissions for each method, by `workspaces.access`. Membership is checked by the look-up of rows.

The order of answers: 401 without credentials, 403 without the permission, and only then 404.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from rest_framework.permissions import SAFE_METHODS, BasePermission

from workspaces import access
from workspaces.access import Denied, Right
from workspaces.models import ApiToken, WorkspaceToken

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.request import Request
    from rest_framework.views import APIView


class Authenticated(BasePermission):
    """Any active user; a read-only token passes methods that change nothing."""

    needs: ClassVar[Mapping[str, tuple[Right, ...]]] = {}
    """Method → rights, any one of which is enough. A method that is not named needs none (and mostly is a 405)."""

    asks_the_view: ClassVar[bool] = False
    """The view itself calls `refuse_read_only` once it knows whether it would change anything."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not access.is_known(request.user):
            return False
        needed = self.needs.get("GET" if request.method == "HEAD" else str(request.method), ())
        if request.method not in SAFE_METHODS and not self.asks_the_view:
            refuse_read_only(request, needed)
        if needed:
            access.require_any(request.user, needed)
        return True


class OnImport(Authenticated):
    needs = {"POST": (Right.IMPORT,)}
    asks_the_view = True  # a dry run changes nothing


class OnTemplates(Authenticated):
    needs = {"GET": (Right.IMPORT, Right.VIEW)}


class OnWorkspaces(Authenticated):
    needs = {"GET": (Right.VIEW,), "POST": (Right.ADD,)}


class OnWorkspace(Authenticated):
    needs = {"GET": (Right.VIEW,), "PATCH": (Right.CHANGE,), "DELETE": (Right.CASCADE_DELETE,)}


class OnWorkspaceTokens(Authenticated):
    needs = {"POST": (Right.CHANGE,)}


class OnRuns(Authenticated):
    needs = {"GET": (Right.VIEW,)}


class OnEvents(Authenticated):
    needs = {"GET": (Right.VIEW_EVENTS,)}


class OwnToken(BasePermission):
    """The workspace's agent itself; no user may act for it, not even a superuser."""

    message = "Only the workspace's own token may do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, WorkspaceToken)


def refuse_read_only(request: Request, rights: tuple[Right, ...]) -> None:
    """Raises Denied if the caller's token is read-only; `rights` are those that the request needs."""
    if isinstance(request.auth, ApiToken) and request.auth.read_only:
        raise Denied("This token is read-only.", rights=rights)


def require_removal_right(user: User) -> None:
    """An import that may remove workspaces needs the right to cascade-delete them. Raises Denied (403)."""
    access.require(user, Right.CASCADE_DELETE, because="Reconcile removes workspaces.")
