"""One workspace by hand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from lib.text import sentence
from workspaces import access
from workspaces.access import Actor, Right
from workspaces.admin.shared.form_once import once
from workspaces.admin.shared.rendering import render_page
from workspaces.core.columns import DEFAULT_RUNTIME, DEFAULT_TIER, TIERS
from workspaces.core.names import SEPARATOR, clean_name, sought_name
from workspaces.core.template import Node
from workspaces.errors import InvalidRequest, NameTaken, OrgError
from workspaces.models import Organization, Workspace
from workspaces.services.containers.desired_state import engine_runs
from workspaces.services.lookups import parse_id
from workspaces.services.workspace.adding import create_workspace

TIER_CHOICES = [(number, str(number)) for number in TIERS]


class AddForm(forms.Form):
    """`parent` is an id, or a path as the pages write it."""

    organization = forms.ModelChoiceField(queryset=Organization.objects.none(), to_field_name="slug", empty_label=None)
    parent = forms.CharField(
        required=False, help_text="An id, or a path like PM › Dev Lead. Empty: at the top of the organization."
    )
    name = forms.CharField(help_text="Unique among its live siblings.")
    role = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))
    tier = forms.TypedChoiceField(choices=TIER_CHOICES, coerce=int, initial=DEFAULT_TIER)
    runtime = forms.CharField(required=False, max_length=255, initial=DEFAULT_RUNTIME)
    model = forms.CharField(required=False, max_length=255)
    reason = forms.CharField(required=False, help_text="Why; kept in the history.")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organization"].queryset = Organization.objects.visible_to(user)  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        try:
            return clean_name(self.cleaned_data["name"])
        except ValueError as error:
            raise ValidationError(sentence(str(error))) from error

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "organization" in data and data.get("parent"):
            data["parent_id"] = _place(data["organization"], data["parent"])
            if data["parent_id"] is None:
                self.add_error("parent", "No live workspace of this organization stands there.")
        return data

    def node(self) -> Node:
        data = self.cleaned_data
        return Node(
            name=data["name"],
            path="",
            role=data["role"],
            tier=data["tier"],
            runtime=data["runtime"],
            model=data["model"],
        )


def add_page(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """The form; POST creates the workspace, once, and shows it."""
    return once(request, lambda: _add(request, site))


def _add(request: HttpRequest, site: AdminSite) -> HttpResponse:
    user = access.require(request.user, Right.ADD)
    initial = {"parent": request.GET.get("parent", ""), "organization": request.GET.get("org", "")}
    form = AddForm(request.POST or None, user=user, initial=initial)
    error: OrgError | None = None
    if form.is_valid():
        try:
            workspace = _create(form, user)
        except (InvalidRequest, NameTaken) as refusal:
            error = refusal
            form.add_error("parent" if isinstance(error, InvalidRequest) else "name", str(error))
        else:
            messages.success(request, f"{workspace.name} created.")
            return redirect("admin:workspaces_workspace_change", workspace.pk)
    return render_page(
        request,
        site,
        "add.html",
        title="Add workspace",
        status=400 if form.errors else 200,
        error=error,
        form=form,
        engine_runs=engine_runs(),
    )


def _create(form: AddForm, user: User) -> Workspace:
    data = form.cleaned_data
    return create_workspace(
        data["organization"],
        form.node(),
        parent_id=data.get("parent_id"),
        actor=Actor.of(user),
        reason=data["reason"] or "by hand",
    )


def _place(organization: Organization, text: str) -> UUID | None:
    """The live workspace of that id or path; None if there is none."""
    live = Workspace.objects.live().filter(organization=organization)
    if key := parse_id(text):
        return live.filter(pk=key).values_list("pk", flat=True).first()
    parent: UUID | None = None
    for name in sought_name(text).split(SEPARATOR.strip()):
        parent = live.filter(parent=parent, name=name.strip()).values_list("pk", flat=True).first()
        if parent is None:
            return None
    return parent
