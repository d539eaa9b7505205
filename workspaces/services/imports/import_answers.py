"""An import's outcome as plain data: the same answer from REST and from `import_org --json`."""

from __future__ import annotations

from typing import Any

from workspaces.core.planning.plan_values import Plan
from workspaces.core.planning.render import as_json
from workspaces.services.imports.importing import Applied
from workspaces.services.plans.creation import initial_status
from workspaces.services.verdicts import judge


def preview_answer(plan: Plan) -> dict[str, Any]:
    """What the plan would do, and what the policy says to it."""
    return as_json(plan, verdict=judge(plan), created_status=initial_status)


def applied_answer(applied: Applied) -> dict[str, Any]:
    """What the import did."""
    return as_json(
        applied.plan,
        verdict=judge(applied.plan),
        created=applied.created,
        created_status=initial_status,
        import_id=applied.run.pk,
    )
