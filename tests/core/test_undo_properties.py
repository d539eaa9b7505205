"""An undo puts back what was, and its undo what came after: for every organization, template and all options."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.core.test_plan_properties import HOW, asked
from tests.plan_model import DECLARED, GROWN, Declared, Grown, organization
from tests.undo_model import PastModel, as_seen
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan_values import Mode


def imported(
    grown: Sequence[Grown], declared: Sequence[Declared], how: tuple[Mode, ImportOptions]
) -> tuple[PastModel, dict]:
    model = PastModel(now=organization(grown))
    return model, as_seen(model.now)


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
