"""Workspaces: the list as trees, one with its details, adding by hand, and the history of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from simple_history.admin import SimpleHistoryAdmin

from workspaces import access
from workspaces.access import Actor
from workspaces.admin.cascade.cascade_page import cascade_page
from workspaces.admin.shared.base_admin import Guarded
from workspaces.admin.undo.undo_pages import restore_page
from workspaces.admin.workspace.add_page import TIER_CHOICES, add_page
from workspaces.admin.workspace.workspace_facts import detail
from workspaces.admin.workspace.workspace_history import history_page, version_page
from workspaces.admin.workspace_list.list_page import RESTORE, list_page
from workspaces.errors import OrgError
from workspaces.models import Workspace
from workspaces.models.querysets import WorkspaceQuerySet
from workspaces.services.workspace.editing import Changes, edit_workspace

if TYPE_CHECKING:
    from django.contrib.auth.models import User

EDITABLE = ("protected", "role", "tier")
SHOWN = ("protection", "role", "tier")

Extra = dict[str, Any] | None


class EditForm(forms.ModelForm):
    """The columns a person may change, and their reason."""

    tier = forms.TypedChoiceField(choices=TIER_CHOICES, coerce=int)
    reason = forms.CharField(
        required=False,
        help_text="Why; kept with the change in the history.",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )

    class Meta:
        model = Workspace
        fields = EDITABLE
        widgets = {"role": forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"})}


@admin.register(Workspace)
class WorkspaceAdmin(Guarded, SimpleHistoryAdmin):
    """The pages of the workspaces under the admin's own addresses; the services do the work.

    There is one way to remove a workspace: the cascade delete.
    """

    form = EditForm
    readonly_fields = ("protection",)
    change_form_template = "workspaces/admin/workspace.html"

    def rows_for(self, user: User) -> WorkspaceQuerySet:
        return Workspace.objects.visible_to(user).select_related("organization", "parent")

    def get_fields(self, request: HttpRequest, obj: Workspace | None = None) -> tuple[str, ...]:
        return (*EDITABLE, "reason") if self.has_change_permission(request, obj) else SHOWN

    @admin.display(description="Protection")
    def protection(self, obj: Workspace) -> str:
        """A sentence for the read-only field: a cross beside "never removed" would say the opposite."""
        return "Never removed: not by a reconcile, not by a delete." if obj.protected else "None."

    def has_change_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.is_live)

    def changelist_view(self, request: HttpRequest, extra_context: Extra = None) -> HttpResponse:
        if request.method == "POST":  # the list's action
            chosen = restore_page if request.POST.get("action") == RESTORE else cascade_page
            return chosen(request, site=self.admin_site)
        return list_page(request, site=self.admin_site)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Extra = None) -> HttpResponse:
        return add_page(request, site=self.admin_site)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Extra = None
    ) -> HttpResponse:
        workspace = self.get_object(request, object_id)
        try:
            return super().change_view(request, object_id, form_url, detail(request, workspace))
        except OrgError as error:
            messages.error(request, str(error))
            return redirect(request.path)

    def save_model(self, request: HttpRequest, obj: Workspace, form: EditForm, change: bool) -> None:
        given = form.cleaned_data
        changes = Changes(protected=given["protected"], role=given["role"], tier=given["tier"])
        edit_workspace(obj, changes, actor=Actor.of(access.require(request.user)), reason=given["reason"])

    def response_post_save_change(self, request: HttpRequest, obj: Workspace) -> HttpResponseRedirect:
        return HttpResponseRedirect(request.path)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Extra = None) -> HttpResponse:
        return history_page(request, self.get_object(request, object_id), site=self.admin_site)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Extra = None
    ) -> HttpResponse:
        return version_page(request, self.get_object(request, object_id), version_id, site=self.admin_site)
