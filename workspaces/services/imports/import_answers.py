"""An import's outcome as plain data: the same answer from REST and from `import_org --json`."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from workspaces.core.planning.guards import removal_guard
from workspaces.core.planning.plan_values import Plan
from workspaces.core.planning.render import as_json
from workspaces.services.imports.creation import initial_status
from workspaces.services.imports.importing import Applied


def preview_answer(plan: Plan) -> dict[str, Any]:
    """What the plan would do, and what the removal guard says to it."""
    guard = removal_guard(plan, fraction=settings.ORGSITE_REMOVAL_GUARD)
    return as_json(plan, guard=guard, created_status=initial_status)


def applied_answer(applied: Applied) -> dict[str, Any]:
    """What the import did."""
    return as_json(
        applied.plan,
        guard=None,
        created=applied.created,
        created_status=initial_status,
        import_id=applied.run.pk,
    )
