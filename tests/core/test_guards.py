from __future__ import annotations

import pytest

from tests.trees import AFTER, BEFORE, Tree, live, template
from workspaces.core.guards import check_removals, removal_guard
from workspaces.core.plan import Mode, Plan, plan_import
from workspaces.errors import RemovalNotConfirmed


def plan(have: Tree, want: Tree, mode: Mode = Mode.RECONCILE) -> Plan:
    return plan_import(have=live(have), want=template(want), mode=mode)


def test_eight_of_seventeen_pass_because_the_creates_count() -> None:
    assert removal_guard(plan(BEFORE, AFTER), fraction=0.5) is None


def test_more_than_the_fraction_is_held_back_with_the_number_that_lets_it_through() -> None:
    guard = removal_guard(plan(BEFORE, AFTER), fraction=0.4)
    assert guard is not None
    assert guard.confirm_removals == 8
    assert "40% of the 17 live ones" in guard.message


def test_any_collateral_is_held_back_however_little_it_is() -> None:
    many = {f"n{i}": {} for i in range(50)}
    guard = removal_guard(plan({**many, "A": {"Mine": {}}}, {"PM": {"A": {}}}), fraction=1.0)
    assert guard is not None
    assert "1 of them not in the template" in guard.message


def test_the_exact_number_lets_it_through_and_another_does_not() -> None:
    held = plan({"A": {"Mine": {}}}, {"PM": {"A": {}}})
    check_removals(held, fraction=0.5, confirmed=2)
    for number in (None, 1, 3):
        with pytest.raises(RemovalNotConfirmed) as refused:
            check_removals(held, fraction=0.5, confirmed=number)
        assert refused.value.confirm_removals == 2


def test_a_number_that_is_given_must_fit_even_where_nothing_asks_for_it() -> None:
    with pytest.raises(RemovalNotConfirmed, match="would remove 8 workspaces, not 7"):
        check_removals(plan(BEFORE, AFTER), fraction=0.5, confirmed=7)


def test_merge_removes_nothing_and_is_never_held_back() -> None:
    check_removals(plan(BEFORE, AFTER, Mode.MERGE), fraction=0.0, confirmed=None)
