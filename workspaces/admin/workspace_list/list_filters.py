"""The filters in the address of the workspace list."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q
from django.http import QueryDict

from workspaces.core.names import sought_name
from workspaces.core.search import Search
from workspaces.models import Status
from workspaces.models.querysets import WorkspaceQuerySet
from workspaces.models.tree_pages import TreePlace

LIVE, EVERY = "live", "all"
BY_IMPORT, BY_HAND = "import", "hand"
FAILING = "failing"
DIFFERING = "yes"
MOST_IDS = 500  # with one beginning
STATUSES = (LIVE, *(str(status) for status in Status), EVERY)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """The filters in the address."""

    find: str = ""
    organization: str = ""
    status: str = LIVE
    twice: bool = False
    by: str = ""
    failing: bool = False
    differs: bool = False

    @classmethod
    def of(cls, query: QueryDict) -> Filters:
        failing = query.get("container") == FAILING
        usual = EVERY if failing else LIVE  # failed releases are of removed ones
        status = query.get("status", usual)
        return cls(
            find=sought_name(query.get("q", "").replace("\0", "")),
            organization=query.get("org", ""),
            status=status if status in STATUSES else usual,
            twice=query.get("names") == "twice",
            by=by if (by := query.get("by", "")) in (BY_IMPORT, BY_HAND) else "",
            failing=failing,
            differs=query.get("differs") == DIFFERING,
        )

    @property
    def narrow(self) -> bool:
        """Whether rows are picked, with their ancestors as context."""
        return self.selective or self.status not in (LIVE, EVERY)

    @property
    def selective(self) -> bool:
        """Whether there are filters besides organization and status."""
        return bool(self.find or self.twice or self.by or self.failing or self.differs)

    def wants(self, place: TreePlace, *, twice: bool) -> bool:
        right = self.status in (LIVE, EVERY, place.status) and (twice or not self.twice)
        return right and (not self.find or self._search.finds(place.trail) or self._search.begins(place.id))

    @cached_property
    def _search(self) -> Search:
        return Search(self.find)


def with_id(rows: WorkspaceQuerySet, search: Search) -> Q:
    """The rows whose id begins so: read first, so that no other condition bypasses the index."""
    found = rows.filter(id__range=search.ids).values_list("id", flat=True)[:MOST_IDS] if search.ids else ()
    return Q(id__in=list(found))
