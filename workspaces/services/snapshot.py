"""The one crossing from rows to the core's values."""

from __future__ import annotations

from workspaces.core.plan import Live
from workspaces.models import Organization, Workspace

FIELDS = ("id", "parent_id", "name", "protected", "status", "tier")


def snapshot(organization: Organization) -> tuple[Live, ...]:
    """All live workspaces of the organization: one query."""
    rows = Workspace.objects.live().filter(organization=organization).values_list(*FIELDS)
    return tuple(Live(**dict(zip(FIELDS, row, strict=True))) for row in rows)
