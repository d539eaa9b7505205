"""What holds for every tree and every live state."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.budgets import tried
from tests.trees import Tree, loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Action, Mode
from workspaces.models import Organization, Status, Workspace
from workspaces.services.imports.importing import Confirmation, apply_import, preview_import
from workspaces.services.removal.cascading import cascade_delete

NAMES = st.sampled_from("ABCDEF")
TREES = st.recursive(
    st.dictionaries(NAMES, st.just({}), max_size=4),
    lambda deeper: st.dictionaries(NAMES, deeper, max_size=4),
    max_leaves=12,
)
PROTECTED = st.sets(st.integers(min_value=0, max_value=30), max_size=3)
ASLEEP = st.sets(NAMES, max_size=2)
SLUGS = count()
STORY = tried(15)

pytestmark = pytest.mark.django_db


def story(live: Tree, protected: set[int] = frozenset()) -> Organization:  # type: ignore[assignment]
    """A fresh organization that holds `live`, some of it protected by position."""
    organization = Organization.objects.create(slug=f"o{next(SLUGS)}", name="x")
    run(organization, live, Mode.MERGE)
    ids = list(Workspace.objects.filter(organization=organization).order_by("id").values_list("id", flat=True))
    Workspace.objects.filter(id__in=[key for index, key in enumerate(ids) if index in protected]).update(protected=True)
    return organization


def run(organization: Organization, tree: Tree, mode: Mode, asleep: set[str] = frozenset()) -> Any:  # type: ignore[assignment]
    """Preview and apply as an operator does, with the number the plan names."""
    source = loaded(tree, asleep=asleep)
    shown = preview_import(organization, source.template, mode=mode)
    agreed = Confirmation(fingerprint=shown.fingerprint, confirm_removals=len(shown.removals))
    applied = apply_import(organization, source, mode=mode, actor=Actor(name="alice"), confirmation=agreed)
    assert applied.plan == shown
    return applied.plan


def rows(organization: Organization) -> dict[Any, Workspace]:
    return {row.pk: row for row in Workspace.objects.filter(organization=organization)}


@STORY
@given(live=TREES, want=TREES, asleep=ASLEEP)
def test_merge_never_removes(live: Tree, want: Tree, asleep: set[str]) -> None:
    organization = story(live)
    before = {key for key, row in rows(organization).items() if row.is_live}
    plan = run(organization, want, Mode.MERGE, asleep)
    after = {key for key, row in rows(organization).items() if row.is_live}
    assert before <= after
    assert len(after - before) == plan.created_count


@STORY
@given(live=TREES, want=TREES, asleep=ASLEEP)
def test_reconcile_removes_exactly_the_leftovers_and_what_lies_below_them(
    live: Tree, want: Tree, asleep: set[str]
) -> None:
    organization = story(live)
    before = rows(organization)
    declared = {node.name for node in loaded(want, asleep=asleep).template.walk()}
    plan = run(organization, want, Mode.RECONCILE, asleep)
    result = {row.live.id for row in plan.result if row.live}

    def doomed(row: Workspace) -> bool:
        if row.pk in result:
            return False
        return row.name in declared or (row.parent_id is not None and doomed(before[row.parent_id]))

    expected = {key for key, row in before.items() if doomed(row)} if plan.result else set()
    assert {key for key, row in rows(organization).items() if not row.is_live} == expected


@STORY
@given(live=TREES, want=TREES, protected=PROTECTED, mode=st.sampled_from(Mode))
def test_a_second_run_is_a_no_op_and_no_live_workspace_has_a_removed_parent(
    live: Tree, want: Tree, protected: set[int], mode: Mode
) -> None:
    organization = story(live, protected)
    run(organization, want, mode)
    again = run(organization, want, mode)
    assert again.changes_nothing
    assert not Workspace.objects.live().filter(parent__status=Status.REMOVED).exists()
    assert not Workspace.objects.filter(protected=True, status=Status.REMOVED).exists()


@STORY
@given(live=TREES, want=TREES, protected=PROTECTED)
def test_applying_equals_the_plan(live: Tree, want: Tree, protected: set[int]) -> None:
    organization = story(live, protected)
    before = rows(organization)
    plan = run(organization, want, Mode.RECONCILE)
    after = rows(organization)
    kept = {row.live.id for row in plan.rows if row.live and row.action not in (Action.REMOVE, Action.COLLATERAL)}
    assert {key for key, row in after.items() if row.is_live and key in before} == kept
    assert {key for key in before if not after[key].is_live} == {row.live.id for row in plan.removals}
    assert len(after) - len(before) == plan.created_count
    assert sum(row.is_live for row in after.values()) == plan.live_after


@STORY
@given(live=TREES, want=TREES, roots=st.sets(st.integers(min_value=0, max_value=15), max_size=4))
def test_nothing_outside_the_organization_changes(live: Tree, want: Tree, roots: set[int]) -> None:
    other, organization = story(live), story(live)
    before = list(Workspace.objects.filter(organization=other).order_by("id").values())
    run(organization, want, Mode.RECONCILE)
    cascade_delete([key for index, key in enumerate(rows(organization)) if index in roots], actor=Actor(name="alice"))
    assert list(Workspace.objects.filter(organization=other).order_by("id").values()) == before
