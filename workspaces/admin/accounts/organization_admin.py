"""Organizations and their members. None is ever deleted: events and history refer to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse

from lib.bounded_count import Tally
from workspaces import access
from workspaces.access import Right
from workspaces.admin.accounts.people_admin import Watched
from workspaces.admin.shared.base_admin import Guarded
from workspaces.admin.shared.kept_notice import kept_notice
from workspaces.models import Membership, Organization
from workspaces.services.removal.kept_data import totals_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Member(forms.Field):
    """The user of a membership, which never changes: so no form needs a list of users."""

    def __init__(self, user: User) -> None:
        super().__init__(disabled=True, required=False, label="User")
        self.user = user
        self.widget.attrs["aria-label"] = f"Member {user}"  # a table's cell has no label of its own

    def prepare_value(self, value: Any) -> str:
        return str(self.user)

    def clean(self, value: Any) -> User:
        return self.user


class MembershipForms(BaseInlineFormSet):
    """Django's box for deleting a row has no label; here it names the membership to end."""

    def add_fields(self, form: ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        if form.instance.pk:
            form.fields["user"] = Member(form.instance.user)
        if "DELETE" in form.fields and form.instance.pk:
            form.fields["DELETE"].widget.attrs["aria-label"] = f"End the membership of {form.instance.user}"


class MembershipInline(admin.TabularInline):
    model = Membership
    formset = MembershipForms
    extra = 0
    autocomplete_fields = ("user",)
    readonly_fields = ("created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user", "organization")


@admin.register(Organization)
class OrganizationAdmin(Watched, Guarded):
    kind = "organizations"
    list_display = ("name", "slug", "live", "created_at")
    search_fields = ("name", "slug")
    readonly_fields = ("created_at",)
    inlines = (MembershipInline,)
    change_form_template = "workspaces/admin/organization.html"

    def rows_for(self, user: User) -> QuerySet[Organization]:
        return Organization.objects.visible_to(user).count_live()

    def get_readonly_fields(self, request: HttpRequest, obj: Organization | None = None) -> tuple[str, ...]:
        """The slug is written in events: it stays."""
        return ("created_at", "slug") if obj else ("created_at",)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        organization = self.get_object(request, object_id)
        looks = access.may(request.user, Right.VIEW, organization)
        totals = totals_of(Organization.objects.filter(pk=organization.pk)) if looks else []
        return super().change_view(request, object_id, form_url, {"notice": kept_notice(totals)})

    @admin.display(description="live workspaces", ordering="live_count")
    def live(self, obj: Any) -> str:
        return str(Tally.of(obj.live_count))
