"""What the filters of the list find in trees too large to be read: each by an index, and no more than a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.db.models.functions import Upper

from workspaces.admin.filters import BY_HAND, EVERY, LIVE, Filters
from workspaces.admin.forest import COLUMNS, Stem
from workspaces.core.plan import SEPARATOR
from workspaces.folding import Folded
from workspaces.models import Container, Organization, Workspace
from workspaces.querysets import WorkspaceQuerySet

LEAST_DIGITS = 4  # of an id
NAMES = 1_000  # that are used twice and looked at


@dataclass(frozen=True, kw_only=True)
class Matches:
    """Workspaces of the organizations that pass the filters, by organization and name."""

    filters: Filters
    organizations: Sequence[Organization]

    def page(self, most: int, *, after: Workspace | None) -> list[Stem]:
        """The first `most` that come after that workspace."""
        keys = ["organization__slug", "folded", "id"] if len(self.organizations) > 1 else ["folded", "id"]
        rows = self._rows().alias(folded=Folded("name"))
        if after is not None:
            rows = rows.filter(_behind(after, several=len(self.organizations) > 1))
        return [Stem(*values) for values in rows.order_by(*keys).values_list(*COLUMNS)[:most]]

    def _rows(self) -> WorkspaceQuerySet:
        filters = self.filters
        rows = Workspace.objects.filter(organization__in=[each.pk for each in self.organizations])
        if filters.status != EVERY:
            rows = rows.live() if filters.status == LIVE else rows.filter(status=filters.status)
        rows = _found(rows, filters.find) if filters.find else rows
        rows = rows.filter(_used_twice(rows)) if filters.twice else rows
        if filters.by:
            by_hand = Workspace.history.filter(history_type="+", history_import_id__isnull=True).values("id")
            rows = rows.filter(id__in=by_hand) if filters.by == BY_HAND else rows.exclude(id__in=by_hand)
        if filters.failing:
            waiting = Container.objects.filter(due_at__isnull=False).exclude(last_error="")
            rows = rows.filter(id__in=waiting.values("pk"))
        return rows


def _behind(after: Workspace, *, several: bool) -> Q:
    """Those that come after it in the order of the page."""
    name = Upper(Workspace.objects.filter(pk=after.pk).values("name")[:1])
    here: Q = Q(folded__gte=name) & (Q(folded__gt=name) | Q(id__gt=after.pk))
    if not several:
        return here
    slug = after.organization.slug
    return Q(organization__slug__gt=slug) | (Q(organization__slug=slug) & here)


def _found(rows: WorkspaceQuerySet, text: str) -> WorkspaceQuerySet:
    """By how the name or the id begins; of a path `A › B` by the name B below an A."""
    *above, last = [part.strip() for part in text.split(SEPARATOR.strip())]
    found = rows.alias(folded=Folded("name"))
    if not above:
        return found.filter(Q(folded__begins=last) | Q(id__in=_with_id(rows, text)))
    found = found.filter(folded__begins=last)
    for level, name in enumerate(reversed(above), start=1):
        found = found.filter(**{f"{'__'.join(['parent'] * level)}__name__iexact": name})
    return found


def _with_id(rows: WorkspaceQuerySet, text: str) -> list[UUID]:
    digits = text.replace("-", "").casefold()
    if len(digits) < LEAST_DIGITS or not set(digits) <= set("0123456789abcdef"):
        return []
    low, high = UUID(digits.ljust(32, "0")[:32]), UUID(digits.ljust(32, "f")[:32])
    return list(rows.filter(id__gte=low, id__lte=high).values_list("id", flat=True)[:NAMES])


def _used_twice(rows: WorkspaceQuerySet) -> Q:
    """The first NAMES that more than one of the rows has, each in its organization."""
    counts: Any = rows.live().order_by().values("organization", "name").annotate(count=Count("*"))
    shared: dict[int, list[str]] = {}
    several = counts.filter(count__gt=1).order_by("organization", "name")
    for key, name in several.values_list("organization", "name")[:NAMES]:
        shared.setdefault(key, []).append(name)
    wanted = Q(pk=None)
    for key, names in shared.items():
        wanted |= Q(organization=key, name__in=names)
    return wanted
