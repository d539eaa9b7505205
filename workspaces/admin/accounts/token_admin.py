"""Tokens: their owners and last use, making and revoking them. A token is shown once, and its row never deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from lib.text import plural
from workspaces import access
from workspaces.access import Actor
from workspaces.admin.accounts.new_token_page import add_token_page
from workspaces.admin.shared.base_admin import Guarded
from workspaces.models import ApiToken, Workspace, WorkspaceToken
from workspaces.services.security.tokens import revoke_api_tokens, revoke_workspace_tokens

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class TokenAdmin(Guarded):
    """Read-only, with one action."""

    actions = ("revoke",)
    list_select_related = True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """For the list's action only: the page of one token is read-only."""
        return obj is None and super().has_change_permission(request)


@admin.register(ApiToken)
class ApiTokenAdmin(TokenAdmin):
    """All tokens for a superuser; for others their own."""

    list_display = ("user", "name", "read_only", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_display_links = ("name",)
    exclude = ("digest",)
    search_fields = ("user__username", "name")

    def rows_for(self, user: User) -> QuerySet[ApiToken]:
        return ApiToken.objects.all() if access.sees_all(user) else ApiToken.objects.filter(user=user)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return add_token_page(request, site=self.admin_site)

    @admin.action(description="Revoke selected tokens", permissions=["change"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiToken]) -> None:
        actor = Actor.of(access.require(request.user))
        messages.success(request, f"{plural(revoke_api_tokens(chosen, actor=actor), 'token')} revoked.")


@admin.register(WorkspaceToken)
class WorkspaceTokenAdmin(TokenAdmin):
    list_display = ("id", "workspace", "created_at", "revoked_at")
    exclude = ("digest",)
    search_fields = ("workspace__name",)
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)

    def rows_for(self, user: User) -> QuerySet[WorkspaceToken]:
        return WorkspaceToken.objects.filter(workspace__in=Workspace.objects.visible_to(user))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A workspace's token is made by REST or on the command line, for its agent."""
        return False

    @admin.action(description="Revoke selected tokens", permissions=["change"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[WorkspaceToken]) -> None:
        actor = Actor.of(access.require(request.user))
        messages.success(request, f"{plural(revoke_workspace_tokens(chosen, actor=actor), 'token')} revoked.")
