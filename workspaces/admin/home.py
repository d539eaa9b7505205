"""The first page after the login: what needs somebody, and where everything else is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from django.db.models import Count
from django.utils import timezone

from workspaces import access
from workspaces.access import Right
from workspaces.admin.runview import RunView, latest_runs
from workspaces.admin.stages import Stage
from workspaces.models import ImportRun, Organization, Workspace
from workspaces.services.containers import failing

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LATEST = 5
FAILED_WITHIN = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """An organization with its live workspaces, and how many of their names are used twice."""

    organization: Organization
    live: int
    twice: int


@dataclass(frozen=True, kw_only=True)
class Home:
    """All that the page asks for: six queries, however many organizations and workspaces there are."""

    user: User

    @property
    def may_look(self) -> bool:
        return access.has(self.user, Right.VIEW)

    @property
    def may_import(self) -> bool:
        return access.has(self.user, Right.IMPORT)

    @cached_property
    def places(self) -> list[Place]:
        return [
            Place(organization=each, live=self._live[each.pk], twice=self._twice[each.pk])
            for each in Organization.objects.visible_to(self.user)
        ]

    @property
    def twice(self) -> int:
        return sum(place.twice for place in self.places)

    @cached_property
    def failures(self) -> list[RunView]:
        """Imports that failed lately, or were left behind by a process that is gone."""
        since = timezone.now() - FAILED_WITHIN
        failed = latest_runs(self.user).filter(state=ImportRun.State.FAILED, finished_at__gte=since)
        return [RunView(run=run) for run in failed[:LATEST]]

    @cached_property
    def waiting(self) -> list[Stage]:
        """The first of the containers that are not what they should be, with an error."""
        return [Stage(row=row) for row in failing(self.user)[:LATEST]]

    @property
    def waiting_count(self) -> int:
        return failing(self.user).count() if self.waiting else 0

    @cached_property
    def runs(self) -> list[RunView]:
        return [RunView(run=run) for run in latest_runs(self.user)[:LATEST]]

    @cached_property
    def _twice(self) -> Counter[int]:
        """Names of each organization that more than one live workspace has."""
        names = Workspace.objects.visible_to(self.user).live().order_by().values("organization", "name")
        shared = names.annotate(count=Count("pk")).filter(count__gt=1)
        return Counter(row["organization"] for row in shared)

    @cached_property
    def _live(self) -> Counter[int]:
        rows = Workspace.objects.visible_to(self.user).live().order_by().values_list("organization")
        return Counter(dict(rows.annotate(count=Count("pk"))))
