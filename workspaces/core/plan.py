"""What an import would do, decided here and nowhere else: live rows + template + mode → `Plan`.

A plan is one merged tree. First come the template's workspaces, each matched by (parent, name) or new; beside them,
under the same parent, what is live and not declared there. Every row carries its action and the cause of it. Preview
shows the plan, apply executes it, and the fingerprint ties the two together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from workspaces.core.guards import empty_set_warning
from workspaces.core.template import Node, Template
from workspaces.core.values import SEPARATOR, Action, Live, Mode, Plan, Reason, Row
from workspaces.errors import UnknownMode

__all__ = ["SEPARATOR", "Action", "Live", "Mode", "Plan", "Reason", "Row"]
__all__ += ["fingerprint", "parse_mode", "plan_import"]


def parse_mode(text: str | None) -> Mode:
    """The mode a caller named; nothing and "" mean merge. Raises UnknownMode."""
    try:
        return Mode(text or Mode.MERGE)
    except ValueError as error:
        raise UnknownMode(f'Unknown mode "{text}"; use merge or reconcile.') from error


def plan_import(*, have: Collection[Live], want: Template, mode: Mode) -> Plan:
    """Decide what importing `want` over `have` (all live rows of one organization) does. Pure and stable."""
    running = _places(want)
    rows = _mark_leftovers(_merged_tree(have, want), names=want.names(), running=running)
    warning = empty_set_warning(names=want.names(), result_count=sum(1 for row in rows if row.node))
    warnings = want.warnings
    if mode is Mode.RECONCILE and warning:
        warnings += (warning,)
    elif mode is Mode.RECONCILE:
        rows = _mark_removals(rows)
    return Plan(
        mode=mode,
        template=want,
        rows=tuple(rows),
        warnings=warnings,
        fingerprint=fingerprint(have=have, want=want, mode=mode),
    )


def fingerprint(*, have: Collection[Live], want: Template, mode: Mode) -> str:
    """SHA-256 (hex) over all that a plan reads: mode, template, and of each live row its id, parent, name and flag."""
    seen = sorted((str(row.id), str(row.parent_id or ""), row.name, row.protected) for row in have)
    text = json.dumps([mode, want.digest, seen], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _places(want: Template) -> dict[str, tuple[str, ...]]:
    """Name → the first place where the template lets it run."""
    places: dict[str, tuple[str, ...]] = {}
    stack: list[tuple[Node, tuple[str, ...]]] = [(node, ()) for node in reversed(want.workspaces)]
    while stack:
        node, above = stack.pop()
        if node.spawning:
            trail = (*above, node.name)
            places.setdefault(node.name, trail)
            stack.extend((child, trail) for child in reversed(node.children))
    return places


@dataclass(frozen=True, slots=True)
class _Pending:
    """A row to come: its trail is its parent's plus its own name."""

    parent: int | None
    node: Node | None
    live: Live | None

    @property
    def name(self) -> str:
        return self.node.name if self.node else self.live.name if self.live else ""


def _merged_tree(have: Collection[Live], want: Template) -> list[Row]:
    """The template laid over the live tree, depth first: matched and new nodes, then the live rows beside them."""
    below, ids = _children_by_parent(have), {row.id for row in have}
    rows: list[Row] = []
    stack = list(reversed(_siblings(want.workspaces, below.pop(None, {}), parent=None)))
    while stack or below:
        if not stack:  # only rows whose parent is not live, or that stand in a cycle, are left: show them at the top
            tops = (below.keys() - ids) or below.keys()
            stack = list(reversed(_siblings((), below.pop(min(tops, key=str)), parent=None)))
        pending = stack.pop()
        index = len(rows)
        above = rows[pending.parent].trail if pending.parent is not None else ()
        rows.append(_placed(pending, trail=(*above, pending.name)))
        declared = pending.node.children if pending.node else ()
        alive = below.pop(pending.live.id, {}) if pending.live else {}
        stack.extend(reversed(_siblings(declared, alive, parent=index)))
    return rows


def _children_by_parent(have: Collection[Live]) -> dict[UUID | None, dict[str, Live]]:
    """Parent id → name → row. The database allows one live row for each (parent, name)."""
    below: dict[UUID | None, dict[str, Live]] = {}
    for row in sorted(have, key=lambda row: (row.name, str(row.id))):
        below.setdefault(row.parent_id, {})[row.name] = row
    return below


def _siblings(declared: Sequence[Node], alive: Mapping[str, Live], *, parent: int | None) -> list[_Pending]:
    running = [node for node in declared if node.spawning]
    matched = {node.name for node in running}
    return [_Pending(parent, node, alive.get(node.name)) for node in running] + [
        _Pending(parent, None, row) for name, row in alive.items() if name not in matched
    ]


def _placed(pending: _Pending, *, trail: tuple[str, ...]) -> Row:
    if pending.node is None:
        action, cause = Action.UNTOUCHED, "not in the template"
    elif pending.live is None:
        action, cause = Action.CREATE, "not live yet"
    else:
        action, cause = Action.KEEP, "live at the same place"
    return Row(action=action, cause=cause, trail=trail, parent=pending.parent, node=pending.node, live=pending.live)


def _mark_leftovers(rows: list[Row], *, names: Collection[str], running: Mapping[str, tuple[str, ...]]) -> list[Row]:
    """Live rows outside the result set whose name the template uses: left running, unless a reconcile removes them."""
    return [_leftover(row, twin=running.get(row.name)) if not row.node and row.name in names else row for row in rows]


def _leftover(row: Row, *, twin: tuple[str, ...] | None) -> Row:
    if twin is None:
        cause, reason = "in the template only under spawning: false", Reason.NOT_SPAWNING
    else:
        cause, reason = f"same name as {SEPARATOR.join(twin)}", Reason.ZOMBIE
    return replace(row, action=Action.LEFT_RUNNING, cause=cause, reason=reason, twin=twin)


def _mark_removals(rows: list[Row]) -> list[Row]:
    """Leftovers go with everything below them; a protected row stays, and so does all above it."""
    holding = _protected_or_above(rows)
    condemned: list[bool] = []  # a leftover, or below one
    doomed: list[bool] = []  # below (or itself) a leftover that nothing holds
    marked: list[Row] = []
    for row in rows:
        index = len(marked)
        leftover = row.action is Action.LEFT_RUNNING
        condemned.append(leftover or (row.parent is not None and condemned[row.parent]))
        doomed.append((leftover and index not in holding) or (row.parent is not None and doomed[row.parent]))
        if doomed[index]:
            marked.append(_removed(row))
        elif condemned[index] and index in holding:
            marked.append(_held(row, protected=rows[holding[index]]))
        else:
            marked.append(row)
    return marked


def _protected_or_above(rows: Sequence[Row]) -> dict[int, int]:
    """Index of each protected row and of every row above one → index of the protected row."""
    holding: dict[int, int] = {}
    for index in reversed(range(len(rows))):
        row = rows[index]
        if row.live and row.live.protected:
            holding[index] = index
        if index in holding and row.parent is not None:
            holding[row.parent] = holding[index]
    return holding


def _removed(row: Row) -> Row:
    if row.reason:
        return replace(row, action=Action.REMOVE)
    return replace(
        row,
        action=Action.COLLATERAL,
        reason=Reason.COLLATERAL,
        cause="below a removed workspace, not in the template",
    )


def _held(row: Row, *, protected: Row) -> Row:
    cause = "protected" if row is protected else f"above {protected.path}, which is protected"
    return replace(row, action=Action.HELD, cause=cause, reason=row.reason or Reason.COLLATERAL)
