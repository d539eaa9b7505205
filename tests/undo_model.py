"""An organization as a dictionary that keeps its runs: what an undo is tried on without a database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from tests.plan_model import Model, Stored
from workspaces.core.planning.field_diff import FieldDiff, flat
from workspaces.core.planning.plan_values import Kind, Operation, Place, Plan
from workspaces.core.planning.undo_facts import Data, DoneOperation, Memory, PastFacts, PastRow, Spot
from workspaces.core.planning.undo_plan import fields_needed, plan_undo
from workspaces.core.template import digest_of


@dataclass(frozen=True, kw_only=True)
class Gone:
    row: Stored
    by: UUID
    data: Data = Data.KEPT


@dataclass(kw_only=True)
class KeptRun:
    id: UUID
    done: tuple[DoneOperation, ...]
    memories: Mapping[UUID, Memory]


@dataclass(kw_only=True)
class PastModel:
    """A `Model` whose removed rows stay, and whose runs say what they did."""

    now: Model
    gone: dict[UUID, Gone] = field(default_factory=dict)
    runs: int = 0

    def apply(self, plan: Plan) -> KeptRun:
        """Carry the plan out, and keep what an undo of it needs."""
        self.runs += 1
        key = UUID(int=1_000_000 + self.runs)
        before = dict(self.now.rows)
        memories = {row.live.id: self._memory(row.live.id, row.diff) for row in plan.noted if row.live and row.diff}
        back = {each.workspace: self.gone.pop(each.workspace).row for each in plan.operations if _restores(each)}
        self.now.rows |= {each: row for each, row in back.items() if each}
        done_before = self.now.made
        self.now.carry_out(plan)
        made = iter(range(done_before + 1, self.now.made + 1))
        created = {each.row: UUID(int=next(made)) for each in plan.operations if each.kind is Kind.CREATE}
        for each in plan.operations:
            if each.kind is Kind.REMOVE and each.workspace:
                self.gone[each.workspace] = Gone(row=before[each.workspace], by=key)
        return KeptRun(
            id=key, done=tuple(_done(key, each, plan, created) for each in plan.operations), memories=memories
        )

    def undo_plan(self, run: KeptRun) -> Plan:
        concerned = {each.workspace for each in run.done}
        past = PastFacts(done=run.done, removed=self._removed(concerned), memories=run.memories)
        have = self.now.live()
        return plan_undo(past=past, have=have, contents=self.now.read(fields_needed(past, have)))

    def remove_by_hand(self, keys: Collection[UUID]) -> None:
        self.runs += 1
        for key in keys:
            self.gone[key] = Gone(row=self.now.rows.pop(key), by=UUID(int=1_000_000 + self.runs))

    def _removed(self, keys: Collection[UUID]) -> dict[UUID, PastRow]:
        return {
            key: PastRow(key, gone.row.parent, gone.row.name, gone.by, gone.row.protected, data=gone.data)
            for key, gone in self.gone.items()
            if key in keys
        }

    def _memory(self, key: UUID, diff: FieldDiff) -> Memory:
        row = self.now.rows[key]
        digest = digest_of(row.declared) if row.declared is not None else ""
        return Memory(
            row.declared, digest, row.differs, row.template, diff.declared_digest, str(diff.differs), diff.template
        )


def _restores(each: Operation) -> bool:
    return each.kind is Kind.RESTORE


def _done(run: UUID, each: Operation, plan: Plan, created: Mapping[int, UUID]) -> DoneOperation:
    changes = each.diff.changes if each.diff else ()
    row = plan.rows[each.row]
    return DoneOperation(
        run, each.kind, each.workspace or created[each.row], row.name, row.trail,
        _spot(each.before, created, {change["field"]: change["from"] for change in changes}),
        _spot(each.after, created, {change["field"]: change["to"] for change in changes}),
    )  # fmt: skip


def _spot(place: Place | None, created: Mapping[int, UUID], fields: Mapping[str, object]) -> Spot | None:
    if place is None:
        return None
    parent = created[place.parent] if isinstance(place.parent, int) else place.parent
    return Spot(parent, place.trail[-1], fields)


def as_seen(model: Model) -> dict[UUID, Stored]:
    """All live rows, with what an undo has to put back; when a row was made is not among it."""
    return {key: replace(row, says=_flat(row)) for key, row in model.rows.items()}


def _flat(row: Stored) -> dict[str, object]:
    return flat(row.says)
