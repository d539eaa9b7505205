"""What holds for every organization, every template and all options of an import, without a database."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.naive_match import NaiveMatch
from tests.plan_model import (
    DECLARED,
    GROWN,
    OTHER,
    OURS,
    Declared,
    Grown,
    Model,
    Stored,
    fields_of,
    organization,
    template,
)
from workspaces.core.planning.import_options import ImportOptions, Prefer
from workspaces.core.planning.match_sides import LiveRows
from workspaces.core.planning.matching import match
from workspaces.core.planning.plan_values import Action, Mode, Plan, Reason
from workspaces.core.planning.render import as_text
from workspaces.core.template import Node, Template

ALL = ImportOptions.of(Mode.RECONCILE, retire=True, overwrite=True)


def options(mode: Mode) -> st.SearchStrategy[ImportOptions]:
    if mode is Mode.MERGE:
        return st.builds(ImportOptions, moves=st.booleans(), updates=st.booleans())
    plain = st.builds(
        ImportOptions, moves=st.just(True), updates=st.just(True), retire=st.booleans(), overwrite=st.booleans(),
        prefer=st.sampled_from(Prefer),
    )  # fmt: skip
    return plain | st.builds(ImportOptions, moves=st.booleans(), updates=st.booleans(), retire=st.booleans())


HOW = st.sampled_from([Mode.MERGE, Mode.RECONCILE]).flatmap(lambda mode: st.tuples(st.just(mode), options(mode)))


def asked(model: Model, declared: Sequence[Declared], *, name: str = OURS) -> Template:
    return template(declared, name=name, paths=[model.path(key) for key in model.rows])


def placed(want: Template) -> dict[tuple[str, ...], Node]:
    """Path of each spawning node → the node."""
    found: dict[tuple[str, ...], Node] = {}

    def add(nodes: Sequence[Node], above: tuple[str, ...]) -> None:
        for node in nodes:
            if node.spawning:
                found[*above, node.name] = node
                add(node.children, (*above, node.name))

    add(want.workspaces, ())
    return found


@given(grown=GROWN, declared=DECLARED, moves=st.booleans(), oldest=st.booleans())
def test_matching_is_what_its_rules_say(
    grown: list[Grown], declared: list[Declared], moves: bool, oldest: bool
) -> None:
    model = organization(grown)
    want = asked(model, declared)
    naive = NaiveMatch(model.live(), want)
    matching = match(LiveRows(model.live()), want, moves=moves, prefer_oldest=oldest)
    assert {index: tuple(found) for index, found in matching.matches.items()} == naive.run(moves=moves, oldest=oldest)
    assert matching.superseded == {row.id.int for row in naive.superseded}


@given(grown=GROWN, declared=DECLARED, how=HOW)
def test_the_tree_stays_a_tree_in_which_every_node_has_its_place(
    grown: list[Grown], declared: list[Declared], how: tuple[Mode, ImportOptions]
) -> None:
    model = organization(grown)
    want = asked(model, declared)
    plan = model.plan(want, *how)
    model.carry_out(plan)
    assert all(row.parent is None or row.parent in model.rows for row in model.rows.values())
    paths = [model.path(key) for key in model.rows]
    assert len({*paths}) == len(paths)
    assert {*placed(want)} <= {*paths}
    assert len(model.rows) == plan.live_after
    assert [row.path for row in plan.result] == [" › ".join(path) for path in placed(want)]


@given(grown=GROWN, declared=DECLARED, how=HOW)
def test_nothing_goes_but_for_a_reason_that_the_plan_says(
    grown: list[Grown], declared: list[Declared], how: tuple[Mode, ImportOptions]
) -> None:
    model = organization(grown)
    want = asked(model, declared)
    before = dict(model.rows)
    plan = model.plan(want, *how)
    model.carry_out(plan)
    assert {*before} - {*model.rows} == {row.live.id for row in plan.removals if row.live}
    named = {node.name for node in want.walk()}
    if how[0] is Mode.MERGE or not placed(want):
        assert not plan.removals
    for row in plan.removals:
        assert row.live
        assert not row.live.protected
        above = plan.rows[row.parent] if row.parent is not None else None
        assert row.reason in {
            Reason.SUPERSEDED if row.live.id.int in superseded(plan) else None,
            Reason.ZOMBIE if row.name in {path[-1] for path in placed(want)} else None,
            Reason.NOT_SPAWNING if row.name in named else None,
            Reason.RETIRED if row.live.template in want.lineage and how[1].retire and row.name not in named else None,
            Reason.COLLATERAL if above and above.live and above.live.id not in model.rows else None,
        } - {None}


def superseded(plan: Plan) -> set[int]:
    """Those beside which an older one takes the place."""
    taken = {row.name for row in plan.rows if row.rule == "older"}
    return {row.live.id.int for row in plan.rows if row.live and not row.node and row.name in taken}


@given(grown=GROWN, declared=DECLARED, how=HOW)
def test_a_matched_workspace_keeps_its_id_and_what_people_made(
    grown: list[Grown], declared: list[Declared], how: tuple[Mode, ImportOptions]
) -> None:
    model = organization(grown)
    before = dict(model.rows)
    plan = model.plan(asked(model, declared), *how)
    model.carry_out(plan)
    changed = {each.workspace for each in plan.operations} | {row.live.id for row in plan.noted if row.live}
    for row in plan.result:
        if row.live:
            now, was = model.rows[row.live.id], before[row.live.id]
            assert (now.by_hand, now.protected, now.created_at) == (was.by_hand, was.protected, was.created_at)
            assert row.action is not Action.KEEP or (now.parent, now.name, now.says) == (was.parent, was.name, was.says)
    assert {key: row for key, row in before.items() if key not in changed} == {
        key: model.rows[key] for key in before if key not in changed
    }


@given(grown=GROWN, declared=DECLARED, how=HOW)
def test_a_second_run_changes_nothing_and_says_the_same(
    grown: list[Grown], declared: list[Declared], how: tuple[Mode, ImportOptions]
) -> None:
    model = organization(grown)
    want = asked(model, declared)
    first = model.plan(want, *how)
    model.carry_out(first)
    second = model.plan(want, *how)
    assert second.changes_nothing, as_text(second)
    assert second.differs_count == first.differs_count
    model.carry_out(second)
    third = model.plan(want, *how)
    assert (third.fingerprint, third.rows) == (second.fingerprint, second.rows)


@given(grown=GROWN, declared=DECLARED)
def test_with_retire_and_overwrite_the_tree_is_the_template_but_for_what_the_plan_names(
    grown: list[Grown], declared: list[Declared]
) -> None:
    model = organization(grown)
    want = asked(model, declared)
    plan = model.plan(want, Mode.RECONCILE, ALL)
    model.carry_out(plan)
    by_path = {model.path(key): row for key, row in model.rows.items()}
    named = {row.live.id for row in (*plan.held, *plan.untouched, *plan.left_running) if row.live}
    assert {path for path in by_path if path not in placed(want)} == {model.path(key) for key in named}
    for path, node in placed(want).items():
        assert by_path[path].template == OURS
        assert differing(by_path[path], node) <= ({"schedules.daily"} if by_path[path].by_hand else set())
    if placed(want):
        ours = {row.live for row in plan.untouched if row.live and row.live.template in want.lineage}
        assert not ours


def differing(row: Stored, node: Node) -> set[str]:
    want, have = fields_of(node.declared()), fields_of(row.says)
    return {name for name in {*want, *have} if want.get(name) != have.get(name)}


@given(
    grown=GROWN,
    imports=st.lists(st.tuples(DECLARED, st.sampled_from([OURS, OTHER]), HOW), min_size=2, max_size=4),
)
def test_two_templates_in_turn_take_nothing_from_each_other_unasked(
    grown: list[Grown], imports: list[tuple[list[Declared], str, tuple[Mode, ImportOptions]]]
) -> None:
    model = organization(grown)
    for declared, name, how in imports:
        before = dict(model.rows)
        want = asked(model, declared, name=name)
        plan = model.plan(want, *how)
        model.carry_out(plan)
        names = {node.name for node in want.walk()}
        asked_for = {row.live.id for row in plan.collateral if row.live}
        for key, row in before.items():
            if row.template not in want.lineage and row.name not in names and key not in asked_for:
                assert key in model.rows
            if key in model.rows and row.template not in ("", *want.lineage) and not how[1].overwrite:
                assert (model.rows[key].says, model.rows[key].declared) == (row.says, row.declared)
