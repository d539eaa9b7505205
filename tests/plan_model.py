"""An organization as a dictionary: what carries out a plan without a database. Random ones, and random templates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from hypothesis import strategies as st

from workspaces.core.planning.field_diff import Content, flat
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan import plan_import
from workspaces.core.planning.plan_values import Kind, Live, Mode, Place, Plan
from workspaces.core.template import Entry, Node, ScheduleSpec, Template, digest_of

OURS, EARLIER, OTHER = "Dev team", "Old team", "Ops team"
NOW = datetime(2026, 5, 12, tzinfo=UTC)
SCHEDULES = [(), (ScheduleSpec(name="daily", cron_expr="0 9 * * *"),), (ScheduleSpec(name="daily", cron_expr="@"),)]


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A live workspace, as tables have it."""

    parent: UUID | None
    name: str
    says: Mapping[str, Any]
    declared: Mapping[str, Any] | None = None
    template: str = ""
    differs: str = ""
    by_hand: frozenset[str] = frozenset()
    protected: bool = False
    created_at: datetime = NOW


@dataclass(kw_only=True)
class Model:
    """All live workspaces of an organization."""

    rows: dict[UUID, Stored] = field(default_factory=dict)
    made: int = 0

    def add(self, row: Stored) -> UUID:
        self.made += 1
        key = UUID(int=self.made)
        self.rows[key] = row
        return key

    def plan(self, want: Template, mode: Mode, options: ImportOptions, *, last_run: UUID | None = None) -> Plan:
        return plan_import(have=self.live(), want=want, mode=mode, options=options, last_run=last_run, read=self.read)

    def live(self) -> list[Live]:
        return [
            Live(
                key, row.parent, row.name, row.protected, row.template,
                digest_of(row.declared) if row.declared is not None else "", row.differs, made=str(row.created_at),
            )
            for key, row in self.rows.items()
        ]  # fmt: skip

    def read(self, ids: Collection[UUID]) -> dict[UUID, Content]:
        return {
            key: Content(row.says, row.declared, row.by_hand, row.template)
            for key, row in self.rows.items()
            if key in ids
        }

    def path(self, key: UUID | None) -> tuple[str, ...]:
        names: list[str] = []
        while key is not None:
            names.append(self.rows[key].name)
            assert len(names) <= len(self.rows), "a cycle"
            key = self.rows[key].parent
        return tuple(reversed(names))

    def carry_out(self, plan: Plan) -> None:
        """The operations, and what the template said last."""
        created: dict[int, UUID] = {}
        for each in plan.operations:
            node, key = plan.rows[each.row].node, each.workspace
            if each.kind is Kind.CREATE and node:
                says = node.declared()
                parent = _parent(each.after, created)
                created[each.row] = self.add(
                    Stored(parent=parent, name=node.name, says=says, declared=says, template=plan.template.name)
                )
            elif key and each.kind is Kind.REMOVE:
                del self.rows[key]
            elif key and each.after:
                place = {"parent": _parent(each.after, created), "name": each.after.trail[-1]}
                says = each.diff.live if each.diff else self.rows[key].says
                self.rows[key] = replace(self.rows[key], **place, says=says)
        for row in plan.noted:
            if row.live and row.diff:
                said = {"declared": row.diff.declared, "template": row.diff.template, "differs": str(row.diff.differs)}
                self.rows[row.live.id] = replace(self.rows[row.live.id], **said)


def _parent(place: Place | None, created: Mapping[int, UUID]) -> UUID | None:
    parent = place.parent if place else None
    return created[parent] if isinstance(parent, int) else parent


def fields_of(says: Mapping[str, Any]) -> dict[str, Any]:
    return flat(says)


# ---- Random ones.

NAMES = "ABCDEF"


class Grown(NamedTuple):
    """One workspace to be, below one of those before it; it is left out where its name is taken there."""

    name: str
    below: int
    said: tuple[int, int]  # its tier, the number of its schedules
    changed: tuple[int, int] | None = None
    template: str = ""
    age: int = 0
    protected: bool = False
    by_hand: bool = False


class Declared(NamedTuple):
    name: str
    below: int
    said: tuple[int, int]
    asleep: bool = False
    previously: tuple[str | int, ...] = ()


SAID = st.tuples(st.sampled_from([1, 2]), st.sampled_from([0, 1, 2]))
BELOW = st.integers(min_value=0, max_value=12)
RARELY = st.integers(min_value=0, max_value=9).map(lambda number: number == 9)
GROWN = st.lists(
    st.builds(
        Grown, st.sampled_from(NAMES), BELOW, SAID, st.none() | SAID, st.sampled_from([OURS, "", OTHER, EARLIER]),
        st.integers(min_value=0, max_value=2), RARELY, RARELY,
    ),
    max_size=12,
)  # fmt: skip
DECLARED = st.lists(
    st.builds(
        Declared, st.sampled_from(NAMES), BELOW, SAID, RARELY,
        st.lists(st.sampled_from(NAMES) | st.integers(min_value=0, max_value=11), max_size=2).map(tuple),
    ),
    max_size=12,
)  # fmt: skip


def organization(grown: Sequence[Grown]) -> Model:
    model, keys = Model(), list[UUID | None]([None])
    for each in grown:
        parent = keys[each.below % len(keys)]
        if any((row.parent, row.name) == (parent, each.name) for row in model.rows.values()):
            continue
        said = _node(each.name, each.said).declared()
        now = _node(each.name, each.changed).declared() if each.changed else said
        hand = frozenset({"daily"}) if each.by_hand else frozenset[str]()
        says = {**now, "schedules": {}} if hand else now
        row = Stored(
            parent=parent, name=each.name, says=says, declared=said if each.template else None, template=each.template,
            by_hand=hand, differs="drift" if each.template and says != said else "", protected=each.protected,
            created_at=NOW - timedelta(hours=each.age),
        )  # fmt: skip
        keys.append(model.add(row))
    return model


def template(declared: Sequence[Declared], *, name: str = OURS, paths: Sequence[tuple[str, ...]] = ()) -> Template:
    """A number in `previously` is one of `paths`."""
    below: list[list[int]] = [[]]
    nodes: list[Node] = []
    for each in declared:
        siblings = below[each.below % len(below)]
        if any(nodes[index].name == each.name for index in siblings):
            continue
        entries: tuple[Entry, ...] = tuple(
            entry if isinstance(entry, str) else paths[entry % len(paths)]
            for entry in each.previously
            if isinstance(entry, str) or paths
        )
        siblings.append(len(nodes))
        nodes.append(replace(_node(each.name, each.said), spawning=not each.asleep, previously=entries))
        below.append([])

    def grown(index: int) -> Node:
        return replace(nodes[index], children=tuple(map(grown, below[index + 1])))

    return Template(name=name, previously=(EARLIER,) if name == OURS else (), workspaces=tuple(map(grown, below[0])))


def _node(name: str, said: tuple[int, int]) -> Node:
    return Node(name=name, path=name, tier=said[0], schedules=SCHEDULES[said[1]])
