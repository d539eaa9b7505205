"""Django's own pages of users and groups; each change of a person's rights becomes an event."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from workspaces import access
from workspaces.access import Actor
from workspaces.admin.shared.form_once import SentOnce
from workspaces.services.security.accounts import record_made, watched

Extra = dict[str, Any] | None


class Watched(admin.ModelAdmin):
    """A model's pages; each one that writes runs inside `watched`. `kind` is the service's word for the model."""

    kind: str

    def watch(self, request: HttpRequest, keys: Iterable[object]) -> AbstractContextManager[None]:
        """Watch these rows; an address that is no key is left to Django."""
        found = frozenset(int(str(key)) for key in keys if str(key).isascii() and str(key).isdigit())
        return watched(actor=Actor.of(access.require(request.user)), **{self.kind: found})

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Extra = None
    ) -> HttpResponse:
        if request.method != "POST" or object_id is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        with self.watch(request, [object_id]):
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change:
            record_made(actor=Actor.of(access.require(request.user)), **{self.kind: [form.instance.pk]})

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with self.watch(request, [obj.pk]):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """The list's action: all at once."""
        with self.watch(request, list(queryset.values_list("pk", flat=True))):
            super().delete_queryset(request, queryset)


admin.site.unregister([User, Group])


@admin.register(User)
class PersonAdmin(SentOnce, Watched, UserAdmin):
    kind = "users"

    @method_decorator(sensitive_post_parameters())
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        if request.method != "POST":
            return super().user_change_password(request, id, form_url)
        with self.watch(request, [id]):
            return super().user_change_password(request, id, form_url)


@admin.register(Group)
class PowerAdmin(SentOnce, Watched, GroupAdmin):
    kind = "groups"
