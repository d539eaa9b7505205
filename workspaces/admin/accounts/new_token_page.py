"""A new API token: form, and text, shown once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from lib.database_clock import database_now
from lib.text import sentence
from workspaces import access
from workspaces.access import Actor
from workspaces.admin.shared.form_once import once_leading
from workspaces.admin.shared.rendering import render_page
from workspaces.core.names import clean_name
from workspaces.services.security.tokens import issue_api_token
from workspaces.services.submissions import SubmissionOutcome

ADD_TOKEN = "workspaces.add_apitoken"
LIFETIMES = {1: "one day", 7: "one week", 30: "30 days", 90: "90 days", 365: "one year", 0: "never"}
USUAL = 90  # days
MADE_ALREADY = (
    "The token “{name}” was made already, and shown that once: it is stored as a hash and cannot be shown again. If "
    "nobody copied it, revoke it here and make another."
)


class TokenForm(forms.Form):
    """Only a superuser chooses the user; all others make their own."""

    user = forms.ModelChoiceField(queryset=User.objects.none(), to_field_name="username", empty_label=None)
    name = forms.CharField(max_length=255, help_text="What it is for: a machine, a pipeline, a laptop.")
    days = forms.TypedChoiceField(label="Expires after", choices=list(LIFETIMES.items()), coerce=int, initial=USUAL)
    read_only = forms.BooleanField(required=False, help_text="It looks and makes dry runs, and changes nothing.")

    def __init__(self, *args: Any, maker: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        active = User.objects.filter(is_active=True).order_by("username")
        chosen = active if access.sees_all(maker) else active.filter(pk=maker.pk)
        self.fields["user"].queryset = chosen  # type: ignore[attr-defined]
        self.fields["user"].initial = maker.get_username()

    def clean_name(self) -> str:
        try:
            return clean_name(self.cleaned_data["name"])
        except ValueError as error:
            raise ValidationError(sentence(str(error))) from error

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return database_now() + timedelta(days=days) if days else None


def add_token_page(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """The form. POST makes the token, once, and shows its text on a page that is never stored."""
    return once_leading(request, lambda outcome: _add(request, site, outcome))


def _add(request: HttpRequest, site: AdminSite, outcome: SubmissionOutcome) -> HttpResponse:
    maker = access.require(request.user, ADD_TOKEN)
    form = TokenForm(request.POST or None, maker=maker)
    if form.is_valid():
        outcome.address = reverse("admin:workspaces_apitoken_changelist")
        outcome.sentence = MADE_ALREADY.format(name=form.cleaned_data["name"])
        return _made(request, site, form, maker)
    status = 400 if form.errors else 200
    return render_page(request, site, "token_add.html", title="Add API token", status=status, form=form)


def _made(request: HttpRequest, site: AdminSite, form: TokenForm, maker: User) -> HttpResponse:
    data, expires_at = form.cleaned_data, form.expires_at()
    asked = {"name": data["name"], "expires_at": expires_at, "read_only": data["read_only"]}
    text = issue_api_token(data["user"], actor=Actor.of(maker), **asked)
    title = f"API token {data['name']}"
    page = render_page(
        request, site, "token_made.html", title=title, status=201, text=text, owner=data["user"], **asked
    )
    page["Cache-Control"] = "no-store"
    return page
