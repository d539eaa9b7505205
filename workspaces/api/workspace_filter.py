"""The filters of `GET /workspaces`."""

from __future__ import annotations

from uuid import UUID

from django_filters import CharFilter, ChoiceFilter
from django_filters.rest_framework import FilterSet
from rest_framework.exceptions import ValidationError

from workspaces.access import Right
from workspaces.models import Organization, Status, Workspace
from workspaces.models.querysets import WorkspaceQuerySet
from workspaces.services.lookups import organization_for

LIVE, ALL = "live", "all"
STATUSES = (LIVE, ALL, *Status.values)
ROOT = ("none", "null")


def asked_organization(filters: FilterSet, slug: str, *, to: Right) -> Organization:
    """The organization of a filter. Raises NotFound: an unknown one is not an empty list."""
    return organization_for(filters.request.user, slug, to=to)


class WorkspaceFilter(FilterSet):
    """`org`, `status`, `name`, `parent`."""

    org = CharFilter(method="in_organization", help_text="The organization's slug.")
    status = ChoiceFilter(
        choices=[(LIVE, "every status but removed"), (ALL, "removed ones too"), *Status.choices],
        method="in_status",
        help_text="`live`, the default, is every status but `removed`; `all` has the removed ones, too.",
        error_messages={"invalid_choice": f"“%(value)s” is no status; use one of {', '.join(STATUSES)}."},
    )
    name = CharFilter(method="called", help_text="The exact name.")
    parent = CharFilter(method="below", help_text="The parent's id; `none` for roots.")

    class Meta:
        model = Workspace
        fields = ("org", "status", "name", "parent")

    def in_organization(self, rows: WorkspaceQuerySet, _name: str, slug: str) -> WorkspaceQuerySet:
        return rows.filter(organization=asked_organization(self, slug, to=Right.VIEW))

    def filter_queryset(self, queryset: WorkspaceQuerySet) -> WorkspaceQuerySet:
        """Live ones, unless another status is given: removed ones only grow in number, and are seldom meant."""
        rows: WorkspaceQuerySet = super().filter_queryset(queryset)  # type: ignore[no-untyped-call]
        return rows if self.form.cleaned_data.get("status") else rows.live()

    def in_status(self, rows: WorkspaceQuerySet, _name: str, status: str) -> WorkspaceQuerySet:
        if status == ALL:
            return rows
        return rows.live() if status == LIVE else rows.filter(status=status)

    def called(self, rows: WorkspaceQuerySet, _name: str, name: str) -> WorkspaceQuerySet:
        return rows.called(name)

    def below(self, rows: WorkspaceQuerySet, _name: str, parent: str) -> WorkspaceQuerySet:
        if parent.lower() in ROOT:
            return rows.filter(parent=None)
        try:
            return rows.filter(parent=UUID(parent))
        except ValueError as error:
            raise ValidationError({"parent": "neither a workspace's id nor none"}) from error
