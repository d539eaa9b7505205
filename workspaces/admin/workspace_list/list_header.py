"""The header of the list of workspaces, short or long: the organizations and the counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from lib.bounded_count import Tally, tally
from workspaces.admin.workspace_list.list_filters import EVERY, LIVE, Filters
from workspaces.admin.workspace_list.list_rows import ListRow
from workspaces.models import Container, Organization, Status, Workspace
from workspaces.services.containers.desired_state import count_failing, failing

if TYPE_CHECKING:
    from django.contrib.auth.models import User

NOT_LIVE = (Status.REMOVED,)


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """The lines of one organization on this page: of its tree, or of removed ones.

    `twice` is None if it was not counted.
    """

    organization: Organization
    live: Tally
    twice: int | None
    rows: tuple[ListRow, ...]

    @property
    def removed(self) -> bool:
        return not any(row.live for row in self.rows)


def counted_organizations(user: User) -> dict[str, Organization]:
    """One query."""
    return {each.slug: each for each in Organization.objects.visible_to(user).count_by_status()}


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The organizations that the user may see (slug → organization), with their counts."""

    user: User
    filters: Filters
    organizations: Mapping[str, Organization]

    @property
    def scope(self) -> Sequence[Organization]:
        """The chosen organization, or all."""
        chosen = self.filters.organization
        return [each for slug, each in self.organizations.items() if chosen in ("", slug)]

    def live_in(self, slug: str = "") -> Tally:
        """Live rows of that organization, or of all that are visible."""
        return sum((_live(each) for name, each in self.organizations.items() if slug in ("", name)), Tally())

    def with_status(self, status: str) -> Tally:
        """Rows of that status (or of LIVE or EVERY) in the chosen organization, or in all."""
        wanted = {LIVE: [each for each in Status if each not in NOT_LIVE], EVERY: list(Status)}.get(status, [status])
        return sum((_count(each, of) for each in self.scope for of in wanted), Tally())

    @property
    def failing(self) -> Tally:
        """Workspaces whose container is not as desired, with an error, in the chosen organization."""
        return count_failing(self._failing)

    @property
    def differing(self) -> Tally:
        """Live workspaces that are not what their template says, in the chosen organization, or in all."""
        return tally(Workspace.objects.filter(organization__in=self.scope).differing())

    @property
    def _failing(self) -> QuerySet[Container]:
        rows = failing(self.user)
        slug = self.filters.organization
        return rows.filter(workspace__organization__slug=slug) if slug else rows


def _live(organization: Organization) -> Tally:
    return sum((_count(organization, each) for each in Status if each not in NOT_LIVE), Tally())


def _count(organization: Any, status: str) -> Tally:
    return Tally.of(getattr(organization, f"{status}_count"))
