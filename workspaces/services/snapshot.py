"""The one crossing from rows to the core's values."""

from __future__ import annotations

from workspaces.core.plan import Live
from workspaces.models import Organization, Workspace


def snapshot(organization: Organization) -> tuple[Live, ...]:
    """All live workspaces of the organization: one query."""
    rows = Workspace.objects.live().filter(organization=organization).values_list(*Live._fields)
    return tuple(map(Live._make, rows))
