"""An import's outcome as plain data: the same answer from REST and from `import_org --json`."""

from __future__ import annotations

from typing import Any

from workspaces.core.planning.plan_values import Plan
from workspaces.core.planning.render import as_json
from workspaces.services.imports.importing import Applied
from workspaces.services.plans.creation import initial_status
from workspaces.services.verdicts import judge


def preview_answer(plan: Plan) -> dict[str, Any]:
    """The answer for a plan, with the policy's verdict."""
    return as_json(plan, verdict=judge(plan), created_status=initial_status)


def applied_answer(applied: Applied) -> dict[str, Any]:
    """The answer to an apply."""
    return as_json(
        applied.plan,
        verdict=judge(applied.plan),
        created=applied.created,
        created_status=initial_status,
        import_id=applied.run.pk,
    )
