"""Where workspaces hang, for people to tell two of the same name apart."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from workspaces.core.plan import SEPARATOR
from workspaces.models import Workspace


def places_of(workspaces: Collection[UUID]) -> dict[UUID, str]:
    """Workspace → the names above it, `PM › Dev Lead`; "" for a root. One statement."""
    if not workspaces:
        return {}
    return {key: SEPARATOR.join(names) for key, names in Workspace.objects.names_above(workspaces).items()}
