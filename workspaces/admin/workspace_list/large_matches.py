"""The filters of the list for trees too large to be read: each uses an index and reads at most a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Value
from django.db.models.functions import Upper

from lib.case_insensitive import Folded
from workspaces.admin.workspace_list.list_filters import BY_HAND, EVERY, LIVE, Filters, with_id
from workspaces.core.search import Search
from workspaces.models import Container, Organization, Workspace
from workspaces.models.querysets import WorkspaceQuerySet
from workspaces.models.tree_pages import COLUMNS, StoredPlace

NAMES = 500  # that are used twice and looked at


@dataclass(frozen=True, kw_only=True)
class Matches:
    """Workspaces of the organizations that pass the filters, by organization and name."""

    filters: Filters
    organizations: Sequence[Organization]

    def page(self, most: int, *, after: Workspace | None) -> list[StoredPlace]:
        """The first `most` after that workspace."""
        keys = ["organization__slug", "folded", "id"] if len(self.organizations) > 1 else ["folded", "id"]
        rows = self._rows(after, most).alias(folded=Folded("name"))
        if after is not None:
            rows = rows.filter(_behind(after, several=len(self.organizations) > 1))
        return [StoredPlace._make(values) for values in rows.order_by(*keys).values_list(*COLUMNS)[:most]]

    def _rows(self, after: Workspace | None, most: int) -> WorkspaceQuerySet:
        filters, several = self.filters, len(self.organizations) > 1
        keys = [each.pk for each in self.organizations]
        rows = Workspace.objects.filter(organization__in=keys)
        if filters.status != EVERY:
            rows = rows.live() if filters.status == LIVE else rows.filter(status=filters.status)
        rows = _found(rows, filters.find, keys) if filters.find else rows
        if filters.twice:
            rows = rows.alias(folded=Folded("name")).filter(
                _used_twice(rows, after=None if several else after, most=NAMES if several else most)
            )
        if filters.by:
            by_hand = Workspace.history.filter(history_type="+", history_import_id__isnull=True).values("id")
            rows = rows.filter(id__in=by_hand) if filters.by == BY_HAND else rows.exclude(id__in=by_hand)
        if filters.differs:
            rows = rows.differing()
        if filters.failing:
            waiting = Container.objects.filter(due_at__isnull=False).exclude(last_error="")
            rows = rows.filter(id__in=waiting.values("pk"))
        return rows


def _behind(after: Workspace, *, several: bool) -> Q:
    """The rows after it in the order of the page."""
    name = _folded(after)
    here: Q = Q(folded__gte=name) & (Q(folded__gt=name) | Q(id__gt=after.pk))
    if not several:
        return here
    slug = after.organization.slug
    return Q(organization__slug__gt=slug) | (Q(organization__slug=slug) & here)


def _found(rows: WorkspaceQuerySet, text: str, organizations: Sequence[int]) -> WorkspaceQuerySet:
    """As in small lists, but only by index: names by their beginning, the names above as a whole."""
    search = Search(text)
    found = rows.alias(folded=Folded("name"))
    if not search.above:
        return found.filter(Q(folded__begins=search.last) | with_id(rows, search))
    found = found.filter(folded__begins=search.last)
    for level, name in enumerate(reversed(search.above), start=1):
        parent = "__".join(["parent"] * level)
        found = found.alias(**{f"above_{level}": Folded(f"{parent}__name")})
        found = found.filter(**{f"above_{level}": Upper(Value(name)), f"{parent}__organization__in": organizations})
    return found


def _used_twice(rows: WorkspaceQuerySet, *, after: Workspace | None, most: int) -> Q:
    """The first `most` names, from that one on, of more than one row of an organization.

    In the order of the index, so that reading stops at the last of them.
    """
    names: Any = rows.live().order_by().annotate(folded=Folded("name"))
    if after is not None:
        names = names.filter(folded__gte=_folded(after))
    counts = names.values("organization", "folded", "name").annotate(count=Count("*")).filter(count__gt=1)
    shared: dict[int, list[tuple[str, str]]] = {}
    for row in counts.order_by("organization", "folded", "name")[:most]:
        shared.setdefault(row["organization"], []).append((row["folded"], row["name"]))
    wanted = Q(pk__in=[])
    for key, same in shared.items():
        folded, named = zip(*same, strict=True)
        wanted |= Q(organization=key, folded__in=folded, name__in=named)
    return wanted


def _folded(workspace: Workspace) -> Upper:
    return Upper(Workspace.objects.filter(pk=workspace.pk).values("name")[:1])
