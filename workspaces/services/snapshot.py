"""The one crossing from rows to the core's values."""

from __future__ import annotations

from uuid import UUID

from workspaces.core.plan import Live
from workspaces.models import Organization, Workspace


def last_run(organization: Organization) -> UUID | None:
    """The organization's last run that changed something, as the database has it now."""
    return Organization.objects.filter(pk=organization.pk).values_list("last_run", flat=True).get()


def snapshot(organization: Organization) -> tuple[Live, ...]:
    """All live workspaces of the organization, in no order: one query."""
    rows = Workspace.objects.live().filter(organization=organization).order_by().values_list(*Live._fields)
    return tuple(map(Live._make, rows))
