"""Tokens: who has which, used when, and revoking them. A token is never shown again and never deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from orgsite.guarded import Guarded
from workspaces import access
from workspaces.admin.words import counted
from workspaces.models import ApiToken, Workspace, WorkspaceToken
from workspaces.services.tokens import revoke_tokens

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class TokenAdmin(Guarded):
    """Read-only, with one action."""

    actions = ("revoke",)
    list_select_related = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """For the list's action alone: a single token is only looked at."""
        return obj is None and super().has_change_permission(request)

    @admin.action(description="Revoke selected tokens", permissions=["change"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        messages.success(request, f"{counted(revoke_tokens(chosen), 'token')} revoked.")


@admin.register(ApiToken)
class ApiTokenAdmin(TokenAdmin):
    list_display = ("user", "name", "read_only", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_display_links = ("name",)
    exclude = ("digest",)
    search_fields = ("user__username", "name")

    def rows_for(self, user: User) -> QuerySet[ApiToken]:
        """Everybody's for a superuser; for others their own."""
        return ApiToken.objects.all() if access.sees_all(user) else ApiToken.objects.filter(user=user)


@admin.register(WorkspaceToken)
class WorkspaceTokenAdmin(TokenAdmin):
    list_display = ("id", "workspace", "created_at", "revoked_at")
    exclude = ("digest",)
    search_fields = ("workspace__name",)
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)

    def rows_for(self, user: User) -> QuerySet[WorkspaceToken]:
        return WorkspaceToken.objects.filter(workspace__in=Workspace.objects.visible_to(user))
