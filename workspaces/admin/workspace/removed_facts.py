"""A removed workspace on its page: its tombstone, what is left of it, and whether its place is free."""

from __future__ import annotations

from dataclasses import dataclass

from workspaces.admin.shared.data_words import ReturnOffer, data_of, way_back
from workspaces.models import Schedule, Workspace
from workspaces.services.removal.tombstones import Tombstone, tombstone_of

MOST_NAMED = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class RemovedFacts:
    """`went_with` were directly below it and removed by the same run, the first of them. `namesake` is a live one
    that has its name and place now."""

    stone: Tombstone
    back: ReturnOffer
    data: str
    disabled: tuple[str, ...]  # schedules, by the removal
    went_with: tuple[Workspace, ...]
    more_went: bool
    namesake: Workspace | None
    parent_gone: bool

    @property
    def purges(self) -> bool:
        """Whether there is data that can be destroyed by hand."""
        return self.stone.data.is_there


def removed_facts(workspace: Workspace) -> RemovedFacts | None:
    """The facts of a removed workspace, None for a live one. Six queries."""
    stone = None if workspace.is_live else tombstone_of(workspace.pk)
    if stone is None:
        return None
    below = Workspace.objects.filter(parent=workspace, removed_by=workspace.removed_by, removed_by__isnull=False)
    went = list(below.only("id", "name")[: MOST_NAMED + 1])
    disabled = Schedule.objects.filter(workspace=workspace, removed_by__isnull=False).values_list("name", flat=True)
    beside = Workspace.objects.live().filter(organization=workspace.organization_id, parent=workspace.parent_id)
    return RemovedFacts(
        stone=stone,
        back=way_back(stone),
        data=data_of(stone),
        disabled=tuple(disabled),
        went_with=tuple(went[:MOST_NAMED]),
        more_went=len(went) > MOST_NAMED,
        namesake=beside.filter(name=workspace.name).first(),
        parent_gone=workspace.parent is not None and not workspace.parent.is_live,
    )
