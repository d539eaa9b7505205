"""An organization as a dictionary that keeps its runs: what an undo is tried on without a database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from uuid import UUID

from hypothesis import strategies as st

from tests.plan_model import NAMES, Model, Stored
from workspaces.core.containers.data_policy import DataFate
from workspaces.core.planning.field_diff import Content, Differs, FieldDiff, after_edit, flat
from workspaces.core.planning.plan_values import Kind, Operation, Place, Plan
from workspaces.core.planning.undo_facts import DoneOperation, Memory, PastFacts, PastRow, Spot
from workspaces.core.planning.undo_plan import fields_needed, plan_undo
from workspaces.core.template import Node, digest_of


@dataclass(frozen=True, kw_only=True)
class Gone:
    row: Stored
    by: UUID
    data: DataFate = DataFate.KEPT


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

    def line(self, key: UUID | None) -> list[UUID]:
        """The workspace and all above it."""
        found: list[UUID] = []
        while key is not None:
            found.append(key)
            assert len(found) <= len(self.now.rows), "a cycle"
            key = self.now.rows[key].parent
        return found

    def is_free(self, parent: UUID | None, name: str) -> bool:
        """Whether the place is there, and nobody stands at it."""
        rows = self.now.rows
        return parent in {None, *rows} and (parent, name) not in {(row.parent, row.name) for row in rows.values()}

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


# ---- What others do between a run and its undo.


class Meddling(NamedTuple):
    """One change by somebody else: `what` to the workspace with the number `which`, `other` and `name` as needed."""

    what: str
    which: int
    other: int
    name: str


def meddle(model: PastModel, changes: Collection[Meddling]) -> None:
    for what, which, other, name in changes:
        keys = model.gone if what in OF_REMOVED else model.now.rows
        if keys:
            OTHERS[what](model, _at(keys, which), other, name)


def _edit(model: PastModel, key: UUID, other: int, name: str) -> None:
    _say(model, key, says={**model.now.rows[key].says, "tier": 1 + other % 3})


def _schedule(model: PastModel, key: UUID, other: int, name: str) -> None:
    """Delete the template's; make one by hand where there is none."""
    by_hand = frozenset({"daily"} if other % 2 else ())
    _say(model, key, says={**model.now.rows[key].says, "schedules": {}}, by_hand=by_hand)


def _protect(model: PastModel, key: UUID, other: int, name: str) -> None:
    _change(model, key, protected=True)


def _move(model: PastModel, key: UUID, other: int, name: str) -> None:
    parent = _at([None, *model.now.rows], other)
    if model.is_free(parent, name) and key not in model.line(parent):
        _change(model, key, parent=parent, name=name)


def _remove(model: PastModel, key: UUID, other: int, name: str) -> None:
    model.remove_by_hand({each for each in model.now.rows if key in model.line(each)})


def _add_below(model: PastModel, key: UUID, other: int, name: str) -> None:
    _add(model, key if other % 3 else None, name)


def _add_namesake(model: PastModel, key: UUID, other: int, name: str) -> None:
    _add(model, model.gone[key].row.parent, model.gone[key].row.name)


def _purge(model: PastModel, key: UUID, other: int, name: str) -> None:
    model.gone[key] = replace(model.gone[key], data=DataFate.DESTROYED if other % 2 else DataFate.GOES)


def _restore(model: PastModel, key: UUID, other: int, name: str) -> None:
    if model.is_free(model.gone[key].row.parent, model.gone[key].row.name):
        model.now.rows[key] = model.gone.pop(key).row


OF_REMOVED = {"namesake": _add_namesake, "purge": _purge, "restore": _restore}
OTHERS: Mapping[str, Callable[[PastModel, UUID, int, str], None]] = {
    "edit": _edit, "schedule": _schedule, "protect": _protect, "move": _move, "remove": _remove, "add": _add_below,
    **OF_REMOVED,
}  # fmt: skip
MEDDLING = st.lists(
    st.builds(Meddling, st.sampled_from(tuple(OTHERS)), st.integers(0, 20), st.integers(0, 20), st.sampled_from(NAMES)),
    max_size=8,
)


def _at(keys: Collection[Any], number: int) -> Any:
    return list(keys)[number % len(keys)]


def _change(model: PastModel, key: UUID, **values: Any) -> None:
    model.now.rows[key] = replace(model.now.rows[key], **values)


def _say(model: PastModel, key: UUID, says: Mapping[str, Any], **values: Any) -> None:
    """As `edit_workspace`, which notes whether it differs now."""
    row = model.now.rows[key]
    differs = after_edit(Content(says, row.declared), before=Differs(row.differs))
    _change(model, key, says=says, differs=str(differs), **values)


def _add(model: PastModel, parent: UUID | None, name: str) -> None:
    if model.is_free(parent, name):
        model.now.add(Stored(parent=parent, name=name, says=Node(name=name, path=name).declared()))


def as_seen(model: Model) -> dict[UUID, Stored]:
    """All live rows, with what an undo has to put back; when a row was made is not among it."""
    return {key: replace(row, says=_flat(row)) for key, row in model.rows.items()}


def _flat(row: Stored) -> dict[str, object]:
    return flat(row.says)
