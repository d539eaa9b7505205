"""A plan as text for terminals and as JSON for programs: one shape for dry run, answer, command line and page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from lib.text import clip
from workspaces.core.changes import Change
from workspaces.core.plan_words import ALWAYS, WORDS
from workspaces.core.planning.plan_values import Action, Mode, Plan, Row
from workspaces.core.planning.policy import Verdict

LONGEST = 2_000  # characters of a cause


def as_text(plan: Plan) -> str:
    """The merged tree, one line a workspace: sign, indented name, cause; last the summary."""
    width = max((2 * row.depth + len(row.name) for row in plan.rows), default=0) + 2
    lines = [f"{_sign(row)} {'  ' * row.depth + row.name:<{width}}{_cause(row)}".rstrip() for row in plan.rows]
    return "\n".join([*lines, summary(plan)])


def _sign(row: Row) -> str:
    return WORDS[row.action].sign


def _cause(row: Row) -> str:
    """A key of a template may have any length, and characters that no terminal should get."""
    return clip(row.cause, LONGEST)


def summary(plan: Plan) -> str:
    """`Plan: 3 to create, 6 to keep, 2 to update, 2 to move, 1 to remove.`, and then what stays as it should not be:
    `2 stay running twice, 1 stays different.`
    """
    counts = {
        "restore": len(plan.restored), "create": plan.created_count, "keep": plan.kept_count,
        "update": len(plan.updated), "move": len(plan.moved), "remove": len(plan.removals),
    }  # fmt: skip
    said = ", ".join(f"{count} to {word}" for word, count in counts.items() if count or word in ALWAYS)
    collateral = f" ({len(plan.collateral)} of them collateral)" if plan.collateral else ""
    twice = sum(row.twin is not None for row in plan.left_running) if plan.mode is Mode.MERGE else 0
    left = ((twice, "running twice"), (plan.differs_count, "different"), (len(plan.cannot), "as they are"))
    staying = ", ".join(f"{count} {'stays' if count == 1 else 'stay'} {how}" for count, how in left if count)
    return f"Plan: {said}{collateral}.{f' {staying}.' if staying else ''}"


def as_json(
    plan: Plan,
    *,
    verdict: Verdict,
    created: Mapping[int, UUID] | None = None,
    first_status: Mapping[bool, str],
    import_id: UUID | None = None,
) -> dict[str, Any]:
    """The REST answer. `created` maps the index of each created row to its new id: None for a dry run, empty if the
    applied plan created nothing.

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
        "moved_count": len(plan.moved),
        "updated_count": len(plan.updated),
        "differs_count": plan.differs_count,
        "reconcile_removed_count": len(plan.removals),
        "workspaces": [
            _result_row(row, own=ids[index], parent=_parent(row, ids), status=first_status)
            for index, row in enumerate(plan.rows)
            if row.node
        ],
        "reconcile_removed": [{**_identity(row), "reason": str(row.reason)} for row in plan.removals],
        "reconcile_errors": errors_of(plan),
        "left_running": [_identity(row) for row in plan.left_running],
        "moved": [_moved(row, parent=_parent(row, ids)) for row in plan.moved],
        "updated": [_changed(row, row.diff.changes, restarts=row.diff.restarts) for row in plan.updated if row.diff],
        "drift": [_changed(row, row.diff.drift) for row in plan.rows if row.diff and row.diff.drift],
        "conflicts": [_changed(row, row.diff.conflicts) for row in plan.rows if row.diff and row.diff.conflicts],
        "untouched": [{**_named(row), "why": str(row.why)} for row in plan.unnamed],
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


def undo_as_json(plan: Plan, *, verdict: Verdict, run_id: UUID | None = None) -> dict[str, Any]:
    """The REST answer of an undo or a restore; without `run_id` that of a dry run."""
    answer: dict[str, Any] = {
        "mode": str(plan.mode),
        "run_id": _text(run_id),
        "restored_count": len(plan.restored),
        "removed_count": len(plan.removals),
        "moved_count": len(plan.moved),
        "updated_count": len(plan.updated),
        "restored": [{**_identity(row), "path": list(row.trail), "data_lost": row.data_lost} for row in plan.restored],
        "removed": [{**_identity(row), "reason": str(row.reason)} for row in plan.removals],
        "moved": [_moved(row, parent=_parent_now(row, plan)) for row in plan.moved],
        "updated": [_changed(row, row.diff.changes, restarts=row.diff.restarts) for row in plan.updated if row.diff],
        "cannot": [{**_named(row), "why": row.obstacle} for row in plan.cannot],
        "verdict": verdict.as_json(),
        "fingerprint": plan.fingerprint,
    }
    if run_id is None:
        numbers = {"confirm_removals": verdict.confirm_removals, "confirm_data_loss": verdict.confirm_data_loss}
        held_back = any(number is not None for number in numbers.values())
        answer["dry_run"] = True
        answer["guard"] = {"message": verdict.message, **numbers} if held_back else None
    return answer


def _parent_now(row: Row, plan: Plan) -> UUID | None:
    above = plan.rows[row.parent].live if row.parent is not None else None
    return above.id if above else None


def errors_of(plan: Plan) -> list[dict[str, Any]]:
    """The rows that reconcile would remove but must not: the same in the answer, the run and its event."""
    return [{**_identity(row), "error": f"kept: {row.cause}"} for row in plan.held]


def _result_row(row: Row, *, own: UUID | None, parent: UUID | None, status: Mapping[bool, str]) -> dict[str, Any]:
    """As it is once the plan is carried out."""
    return {
        "id": _text(own),
        "name": row.name,
        "parent_id": _text(parent),
        "tier": _tier(row),
        "status": _status(row, first=status),
        "skipped": row.action is not Action.CREATE,
        "action": str(row.action),
    }


def _status(row: Row, *, first: Mapping[bool, str]) -> str | None:
    """The status of a new workspace for one whose container is made anew, or that loses it."""
    if row.diff and row.diff.restarts:
        return first[bool(row.diff.live["external"])]
    return row.live.status if row.live else first[row.node.external] if row.node else None


def _tier(row: Row) -> int | None:
    if row.diff:
        return int(row.diff.live["tier"])
    return row.live.tier if row.live else row.node.tier if row.node else None


def _named(row: Row) -> dict[str, Any]:
    return {"id": _text(row.live.id if row.live else None), "name": row.name}


def _moved(row: Row, *, parent: UUID | None) -> dict[str, Any]:
    """From where and under which name to where and under which."""
    now = _place(row.live.parent_id if row.live else None, row.before or row.trail)
    return {
        **_named(row), "from": now, "to": _place(parent, row.trail),
        "changes": list(row.diff.changes) if row.diff else [], "restarts": bool(row.diff and row.diff.restarts),
    }  # fmt: skip


def _place(parent: UUID | None, trail: Sequence[str]) -> dict[str, Any]:
    return {"parent_id": _text(parent), "path": list(trail), "name": trail[-1]}


def _changed(row: Row, changes: Sequence[Change], *, restarts: bool = False) -> dict[str, Any]:
    """Nothing restarts for fields that are left as they are."""
    return {**_named(row), "changes": list(changes), "restarts": restarts}


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
