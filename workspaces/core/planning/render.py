"""A plan as text for terminals and as JSON for programs: one shape for dry run, answer, command line and page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from workspaces.core.plan_words import WORDS
from workspaces.core.planning.plan_values import Action, Plan, Row
from workspaces.core.planning.policy import Verdict


def as_text(plan: Plan) -> str:
    """The merged tree, one line a workspace: sign, indented name, cause; last the summary."""
    width = max((2 * row.depth + len(row.name) for row in plan.rows), default=0) + 2
    lines = [f"{_sign(row)} {'  ' * row.depth + row.name:<{width}}{row.cause}".rstrip() for row in plan.rows]
    return "\n".join([*lines, summary(plan)])


def _sign(row: Row) -> str:
    return WORDS[row.action].sign


def summary(plan: Plan) -> str:
    """`Plan: 3 to create, 6 to keep, 1 to remove.`"""
    collateral = f" ({len(plan.collateral)} of them collateral)" if plan.collateral else ""
    return (
        f"Plan: {plan.created_count} to create, {plan.skipped_count} to keep, "
        f"{len(plan.removals)} to remove{collateral}."
    )


def as_json(
    plan: Plan,
    *,
    verdict: Verdict,
    created: Mapping[int, UUID] | None = None,
    first_status: Mapping[bool, str],
    import_id: UUID | None = None,
) -> dict[str, Any]:
    """The REST answer. `created` maps the index of each created row to its new id; None for a dry run.

    `verdict` is the policy's, `first_status` the status of a new workspace, by whether it is external.
    """
    ids = {index: row.live.id if row.live else (created or {}).get(index) for index, row in enumerate(plan.rows)}
    dry_run = created is None
    answer: dict[str, Any] = {
        "org": plan.template.name,
        "mode": str(plan.mode),
        "import_id": _text(import_id),
        "count": len(plan.result),
        "created_count": plan.created_count,
        "skipped_count": plan.skipped_count,
        "reconcile_removed_count": len(plan.removals),
        "workspaces": [
            _result_row(row, own=ids[index], parent=_parent(row, ids), status=first_status)
            for index, row in enumerate(plan.rows)
            if row.node
        ],
        "reconcile_removed": [{**_identity(row), "reason": str(row.reason)} for row in plan.removals],
        "reconcile_errors": errors_of(plan),
        "left_running": [_identity(row) for row in plan.left_running],
        "untouched_count": plan.untouched_count,
        "warnings": list(plan.warnings),
        "verdict": verdict.as_json(),
        "fingerprint": plan.fingerprint,
    }
    if dry_run:
        number = verdict.confirm_removals
        answer["dry_run"] = True
        answer["guard"] = None if number is None else {"message": verdict.message, "confirm_removals": number}
    return answer


def errors_of(plan: Plan) -> list[dict[str, Any]]:
    """The rows that reconcile would remove but must not: the same in the answer, the run and its event."""
    return [{**_identity(row), "error": f"kept: {row.cause}"} for row in plan.held]


def _result_row(row: Row, *, own: UUID | None, parent: UUID | None, status: Mapping[bool, str]) -> dict[str, Any]:
    return {
        "id": _text(own),
        "name": row.name,
        "parent_id": _text(parent),
        "tier": row.live.tier if row.live else row.node.tier if row.node else None,
        "status": row.live.status if row.live else status[row.node.external] if row.node else None,
        "skipped": row.action is Action.KEEP,
    }


def _parent(row: Row, ids: Mapping[int, UUID | None]) -> UUID | None:
    return None if row.parent is None else ids[row.parent]


def _identity(row: Row) -> dict[str, Any]:
    return {
        "id": _text(row.live.id if row.live else None),
        "name": row.name,
        "parent_id": _text(row.live.parent_id if row.live else None),
    }


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None
