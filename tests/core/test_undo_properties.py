"""An undo puts back what was, and its undo what came after: for every organization, template and all options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.core.test_plan_properties import HOW, asked
from tests.plan_model import DECLARED, GROWN, Declared, Grown, Stored, organization
from tests.undo_model import MEDDLING, Gone, KeptRun, Meddling, PastModel, as_seen, meddle
from workspaces.core.containers.data_policy import DataFate
from workspaces.core.planning.field_diff import flat
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Kind, Mode, Plan
from workspaces.core.planning.render import as_text
from workspaces.core.planning.undo_facts import DoneOperation


@given(grown=GROWN, declared=DECLARED, how=HOW)
def test_an_undo_puts_back_what_was_and_its_undo_what_came_after(
    grown: list[Grown], declared: list[Declared], how: tuple[Mode, ImportOptions]
) -> None:
    model = PastModel(now=organization(grown))
    want, before = asked(model.now, declared), as_seen(model.now)
    run = model.apply(model.now.plan(want, *how))
    after = as_seen(model.now)
    undo = model.undo_plan(run)
    assert not undo.cannot
    undone = model.apply(undo)
    assert as_seen(model.now) == before
    model.apply(model.undo_plan(undone))
    assert as_seen(model.now) == after


@given(grown=GROWN, first=DECLARED, second=DECLARED, one=HOW, other=HOW, removed=st.sets(st.integers(0, 20)))
def test_an_undo_of_an_older_run_keeps_the_tree_a_tree(
    grown: list[Grown],
    first: list[Declared],
    second: list[Declared],
    one: tuple[Mode, ImportOptions],
    other: tuple[Mode, ImportOptions],
    removed: set[int],
) -> None:
    model = PastModel(now=organization(grown))
    run = model.apply(model.now.plan(asked(model.now, first), *one))
    model.apply(model.now.plan(asked(model.now, second), *other))
    keys = list(model.now.rows)
    remove_trees(model, {keys[each % len(keys)] for each in removed if keys})
    before = as_seen(model.now)
    undo = model.undo_plan(run)
    model.apply(undo)
    rows = model.now.rows
    assert len(rows) == undo.live_after
    assert all(row.parent is None or row.parent in rows for row in rows.values())
    paths = [model.now.path(key) for key in rows]
    assert len({*paths}) == len(paths)
    assert {row.path for row in undo.rows if row.live and row.live.id in rows} == {" › ".join(path) for path in paths}
    protected = {key for key, row in before.items() if row.protected}
    assert protected <= {*rows}
    touched = {each.workspace for each in run.done} | {row.live.id for row in undo.collateral if row.live}
    assert all(rows[key].name == row.name for key, row in before.items() if key not in touched)
    again = model.undo_plan(run)
    assert {each.kind for each in again.operations} <= {each.kind for each in undo.operations}


def remove_trees(model: PastModel, roots: set) -> None:
    gone = set(roots)
    while more := {key for key, row in model.now.rows.items() if row.parent in gone} - gone:
        gone |= more
    model.remove_by_hand(gone & {*model.now.rows})


# ---- Others have changed the tree between a run and its undo. What follows is said without the planner's own words.

STORY = given(grown=GROWN, declared=DECLARED, how=HOW, meddling=MEDDLING)


@dataclass(frozen=True, kw_only=True)
class Story:
    """An organization before the undo of a run and afterwards, with what others did in between."""

    model: PastModel
    run: KeptRun
    live: Mapping[UUID, Stored]
    gone: Mapping[UUID, Gone]
    plan: Plan

    @classmethod
    def of(
        cls, grown: list[Grown], declared: list[Declared], how: tuple[Mode, ImportOptions], meddling: list[Meddling]
    ) -> Story:
        model = PastModel(now=organization(grown))
        run = model.apply(model.now.plan(asked(model.now, declared), *how))
        meddle(model, meddling)
        live, gone, plan = dict(model.now.rows), dict(model.gone), model.undo_plan(run)
        model.apply(plan)
        return cls(model=model, run=run, live=live, gone=gone, plan=plan)

    @property
    def after(self) -> Mapping[UUID, Stored]:
        return self.model.now.rows

    def done(self, *kinds: Kind) -> dict[UUID, DoneOperation]:
        return {each.workspace: each for each in self.run.done if each.kind in kinds}

    def kept_by_others(self, key: UUID) -> bool:
        """Whether it stands, now, above one that is protected or could not go back."""
        stuck = {row.live.id for row in self.plan.cannot if row.live} & self.done(Kind.MOVE).keys()
        return any(
            key in self.model.line(each) and (row.protected or each in stuck) for each, row in self.after.items()
        )


@STORY
def test_the_tree_stays_a_tree(**drawn: Any) -> None:
    story = Story.of(**drawn)
    assert all(row.parent is None or row.parent in story.after for row in story.after.values())
    assert all(story.model.line(key) for key in story.after)
    places = [(row.parent, row.name) for row in story.after.values()]
    assert len(places) == len({*places}) == story.plan.live_after
    shown = {row.live.id: row.path for row in story.plan.rows if row.live and row.live.id in story.after}
    assert shown == {key: " › ".join(story.model.now.path(key)) for key in story.after}


@STORY
def test_nothing_goes_but_what_the_run_made_and_what_hangs_below_it(**drawn: Any) -> None:
    story = Story.of(**drawn)
    made = story.done(Kind.CREATE, Kind.RESTORE)
    for key in {*story.live} - {*story.after}:
        assert not story.live[key].protected
        assert key in made or story.live[key].parent not in story.after
    for key in {*made} & {*story.after}:
        assert story.kept_by_others(key)


@STORY
def test_what_comes_back_is_what_it_was_and_comes_back_only_once(**drawn: Any) -> None:
    story = Story.of(**drawn)
    back = {*story.after} - {*story.live}
    assert back == {row.live.id for row in story.plan.restored if row.live}
    for key in back:
        assert story.gone[key].by == story.run.id
        assert story.after[key] == story.gone[key].row
    assert {row.live.id for row in story.plan.data_lost if row.live} == {
        key for key in back if story.gone[key].data is DataFate.DESTROYED
    }


@STORY
def test_what_does_not_come_back_has_something_in_its_way(**drawn: Any) -> None:
    story = Story.of(**drawn)
    taken = {(row.parent, row.name) for row in story.after.values()}
    for key in story.done(Kind.REMOVE).keys() - story.after.keys():
        found = story.gone[key]
        place = (found.row.parent, found.row.name)
        later, going = found.by != story.run.id, found.data is DataFate.GOES
        assert later or going or place in taken or found.row.parent not in {None, *story.after}
        assert key in {row.live.id for row in story.plan.cannot if row.live}


@STORY
def test_what_moved_is_back_or_has_something_in_its_way(**drawn: Any) -> None:
    story = Story.of(**drawn)
    taken = {(row.parent, row.name) for row in story.after.values()}
    stuck = {row.live.id for row in story.plan.cannot if row.live}
    for key, each in story.done(Kind.MOVE).items():
        assert each.before
        assert each.after
        place = (each.before.parent_id, each.before.name)
        row, was = story.after.get(key), story.live.get(key)
        if row is None or was is None:
            assert was is None or was.parent not in story.after
            continue
        if (row.parent, row.name) == place:
            continue
        assert key in stuck
        assert (row.parent, row.name) == (was.parent, was.name)
        moved_since = (was.parent, was.name) != (each.after.parent_id, each.after.name)
        parent_gone = place[0] not in {None, *story.after}
        in_a_circle = not parent_gone and not {key, *stuck}.isdisjoint(story.model.line(place[0]))
        assert moved_since or parent_gone or place in taken or in_a_circle or story.kept_by_others(key)


@STORY
def test_a_field_goes_back_if_it_is_as_the_run_left_it(**drawn: Any) -> None:
    story = Story.of(**drawn)
    done = story.done(Kind.MOVE, Kind.UPDATE)
    for key in story.live.keys() & story.after.keys():
        was, now = flat(story.live[key].says), flat(story.after[key].says)
        before, after = sides(done.get(key))
        for name in {*was, *now, *before}:
            is_back = name in before and was.get(name) == after.get(name) and not by_hand(story.live[key], name)
            assert now.get(name) == (before[name] if is_back else was.get(name))
        assert story.after[key].by_hand == story.live[key].by_hand
        assert story.after[key].protected == story.live[key].protected


@STORY
def test_the_last_word_of_a_template_goes_back_with_its_lineage(**drawn: Any) -> None:
    story = Story.of(**drawn)
    for key in story.live.keys() & story.after.keys():
        memory, was, now = story.run.memories.get(key), story.live[key], story.after[key]
        if memory and memory.template_since == was.template:
            assert (now.declared, now.template) == (memory.declared, memory.template)
        else:
            assert (now.declared, now.template) == (was.declared, was.template)
        if now.declared is not None and now.differs != "conflict":
            assert (now.differs == "") == (flat(now.says) == flat(now.declared))


@STORY
def test_nothing_else_changes(**drawn: Any) -> None:
    story = Story.of(**drawn)
    touched = {each.workspace for each in story.run.done} | story.run.memories.keys()
    for key in story.live.keys() & story.after.keys() - touched:
        assert story.after[key] == story.live[key]


@STORY
def test_a_second_undo_finds_nothing_that_the_first_could_have_done(**drawn: Any) -> None:
    story = Story.of(**drawn)
    again = story.model.undo_plan(story.run)
    assert again.changes_nothing, as_text(again)


def sides(each: DoneOperation | None) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    return (each.before.fields, each.after.fields) if each and each.before and each.after else ({}, {})


def by_hand(row: Stored, field: str) -> bool:
    return field.removeprefix("schedules.") in row.by_hand
