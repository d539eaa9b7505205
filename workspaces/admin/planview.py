"""Both plans of one upload as one table: a row per workspace, a column per mode. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from workspaces.admin.words import OPS, Op, counted, joined
from workspaces.core.plan import SEPARATOR, Action, Plan, Reason, Row
from workspaces.services.cascading import Holdings

CALM = (Action.KEEP, Action.UNTOUCHED)
GONE = (Action.REMOVE, Action.COLLATERAL)
MANY_ROWS = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanRow:
    """One line of the table. `key` is its anchor; `twin` the anchor of the row that has the same name, "" for none."""

    key: str
    name: str
    above: str
    depth: int
    has_below: bool
    merge: Op
    reconcile: Op
    changed: bool
    dot: str = ""
    gone: bool = False
    cause: str = ""
    twin: str = ""
    twin_label: str = ""
    holdings: Holdings = field(default_factory=Holdings)

    @property
    def level(self) -> int:
        return self.depth + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanTable:
    """The rows to show, how many change, and how many unchanged ones were left out."""

    rows: tuple[PlanRow, ...]
    total: int
    changed: int
    left_out: int


def plan_table(merge: Plan, reconcile: Plan, *, holdings: Mapping[UUID, Holdings], show_all: bool = False) -> PlanTable:
    """The two plans side by side. Of very many rows only those that change are shown, with their ancestors."""
    pairs = list(zip(merge.rows, reconcile.rows, strict=True))
    changed = {index for index, pair in enumerate(pairs) if any(row.action not in CALM for row in pair)}
    shown: Collection[int] = range(len(pairs))
    if len(pairs) > MANY_ROWS and not show_all:
        shown = sorted(_with_ancestors(changed, reconcile.rows))
    keys = {row.trail: _key(index) for index, row in enumerate(reconcile.rows) if row.node}
    parents = {row.parent for index in shown if (row := reconcile.rows[index]).parent is not None}
    rows = tuple(
        _row(
            index,
            *pairs[index],
            plan=reconcile,
            keys=keys,
            holdings=holdings,
            changed=index in changed,
            has_below=index in parents,
        )
        for index in shown
    )
    return PlanTable(rows=rows, total=len(pairs), changed=len(changed), left_out=len(pairs) - len(rows))


def collateral_links(plan: Plan) -> list[tuple[str, str]]:
    """Anchor and short path of each collateral row."""
    return [(_key(index), _short(row.trail)) for index, row in enumerate(plan.rows) if row.action is Action.COLLATERAL]


def names_a_live_one(plan: Plan) -> bool:
    """Whether a warning of the template concerns a live workspace: one it names only under `spawning: false`."""
    return any(row.reason is Reason.NOT_SPAWNING for row in plan.rows)


def leftovers(rows: Sequence[Row]) -> str:
    """`8 duplicates`, or `8 leftovers` where one of them has no twin in the template."""
    return counted(len(rows), "duplicate" if all(row.twin for row in rows) else "leftover")


def subtrees(plan: Plan) -> str:
    """`1 subtree: PM › Infra Lead`"""
    return f"{counted(len(plan.removal_roots), 'subtree')}: {joined([row.path for row in plan.removal_roots])}"


def _with_ancestors(indices: Collection[int], rows: Sequence[Row]) -> set[int]:
    found: set[int] = set()
    for start in indices:
        index: int | None = start
        while index is not None and index not in found:
            found.add(index)
            index = rows[index].parent
    return found


def _row(
    index: int,
    merge: Row,
    row: Row,
    *,
    plan: Plan,
    keys: Mapping[tuple[str, ...], str],
    holdings: Mapping[UUID, Holdings],
    changed: bool,
    has_below: bool,
) -> PlanRow:
    gone = row.action in GONE
    return PlanRow(
        key=_key(index),
        name=row.name,
        above=SEPARATOR.join(row.trail[:-1]),
        depth=row.depth,
        has_below=has_below,
        merge=OPS[merge.action],
        reconcile=OPS[row.action],
        changed=changed,
        dot=_dot(row),
        gone=gone,
        cause=_cause(row, plan),
        twin=keys.get(row.twin, "") if row.twin and row.action is not Action.HELD else "",
        twin_label=_short(row.twin) if row.twin else "",
        holdings=holdings.get(row.live.id, Holdings()) if gone and row.live else Holdings(),
    )


def _cause(row: Row, plan: Plan) -> str:
    """Why, in front of the twin's link where there is one; nothing for what is kept, created or untouched."""
    if row.action in GONE and row.twin:
        return "same name as"
    if row.action is Action.COLLATERAL and row.parent is not None:
        return f"below removed {plan.rows[row.parent].name}"
    return row.cause if row.action not in (*CALM, Action.CREATE) else ""


def _dot(row: Row) -> str:
    if row.live is None:
        return "new"
    return "" if row.live.status == "online" else "off"


def _key(index: int) -> str:
    return f"w{index}"


def _short(trail: tuple[str, ...]) -> str:
    return SEPARATOR.join(trail[-2:])
