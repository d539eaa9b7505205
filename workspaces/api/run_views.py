"""`/runs`: the applied plans, one of them, and its operations."""

from __future__ import annotations

from typing import Any

from django_filters import CharFilter, ChoiceFilter
from django_filters.rest_framework import FilterSet
from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.access import Right
from workspaces.api import run_openapi
from workspaces.api.base_view import ApiView, ListView
from workspaces.api.callers import OnRuns
from workspaces.api.pagination import Keyset
from workspaces.api.serializers import OperationRow, RunRow
from workspaces.api.time_filter import moment
from workspaces.api.workspace_filter import asked_organization
from workspaces.core.planning.plan_values import Mode
from workspaces.models import ImportRun, Organization, RunOperation
from workspaces.services.lookups import run_for


class RunPages(Keyset):
    keys = ("number",)
    descends = True


class OperationPages(Keyset):
    keys = ("seq",)


class RunFilter(FilterSet):
    """`org`, `mode`, `state`, `actor`, `since`, `until`."""

    org = CharFilter(method="in_organization", help_text="The organization's slug.")
    mode = ChoiceFilter(choices=[(mode.value, mode.value) for mode in Mode])
    state = ChoiceFilter(choices=ImportRun.State.choices)
    actor = CharFilter(help_text="Who did it, exactly.")
    since = CharFilter(method="from_then", help_text="Begun then or later: ISO 8601; without a zone it is UTC.")
    until = CharFilter(method="before_then", help_text="Begun before then: ISO 8601; without a zone it is UTC.")

    class Meta:
        model = ImportRun
        fields = ("org", "mode", "state", "actor", "since", "until")

    def in_organization(self, runs: Any, _name: str, slug: str) -> Any:
        return runs.filter(organization=asked_organization(self, slug, to=Right.VIEW))

    def from_then(self, runs: Any, name: str, text: str) -> Any:
        return runs.filter(started_at__gte=moment(name, text))

    def before_then(self, runs: Any, name: str, text: str) -> Any:
        return runs.filter(started_at__lt=moment(name, text))


class NoFilter(FilterSet):
    """No parameters but the page."""

    class Meta:
        model = RunOperation
        fields = ()


@run_openapi.runs
class RunsView(ListView):
    permission_classes = [OnRuns]
    serializer_class = RunRow
    filterset_class = RunFilter
    pagination_class = RunPages
    queryset = ImportRun.objects.none()

    def get_queryset(self) -> Any:
        visible = Organization.objects.visible_to(self.caller.user)
        return ImportRun.objects.filter(organization__in=visible).select_related("organization")


@run_openapi.run
class RunView(ApiView):
    permission_classes = [OnRuns]

    def get(self, request: Request, run_id: str) -> Response:
        return Response(RunRow().to_representation(run_for(self.caller.user, run_id, to=Right.VIEW)))


@run_openapi.run_operations
class RunOperationsView(ListView):
    permission_classes = [OnRuns]
    serializer_class = OperationRow
    filterset_class = NoFilter
    pagination_class = OperationPages
    queryset = RunOperation.objects.none()

    def get(self, request: Request, run_id: str) -> Response:  # type: ignore[override]  # of one run
        self.run = run_for(self.caller.user, run_id, to=Right.VIEW)
        return super().get(request)

    def get_queryset(self) -> Any:
        return RunOperation.objects.filter(run=self.run)
