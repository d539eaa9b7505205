"""The page on which users change their own password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from workspaces.access import Actor
from workspaces.services.security.accounts import set_password

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class OwnPasswordForm(AdminPasswordChangeForm):
    """Django's form, but the service writes."""

    user: User

    def save(self, commit: bool = True) -> User:
        set_password(self.user, self.cleaned_data["new_password1"], actor=Actor.of(self.user))
        return self.user


def own_password_page(request: HttpRequest, *, site: AdminSite) -> HttpResponseBase:
    """The admin's own page with that form."""
    request.current_app = site.name
    page = PasswordChangeView.as_view(
        form_class=OwnPasswordForm,
        success_url=reverse(f"{site.name}:password_change_done"),
        extra_context=site.each_context(request),
    )
    return page(request)
