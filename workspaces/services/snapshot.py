"""The one crossing from rows to the core's values."""

from __future__ import annotations

from workspaces.core.plan import Live
from workspaces.models import Organization, Workspace


def snapshot(organization: Organization) -> tuple[Live, ...]:
    """All live workspaces of the organization, in no order: one query."""
    rows = Workspace.objects.live().filter(organization=organization).order_by().values_list(*Live._fields)
    return tuple(map(Live._make, rows))
