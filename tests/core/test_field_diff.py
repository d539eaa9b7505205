"""What an import changes in a workspace, what it leaves because people changed it, and what it remembers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspaces.core.planning.field_diff import Content, FieldDiff, compare, flat
from workspaces.core.template import Node, ScheduleSpec

DAILY = ScheduleSpec(name="daily", cron_expr="0 9 * * *")
HOURLY = ScheduleSpec(name="daily", cron_expr="0 * * * *")


def node(**said: Any) -> Node:
    return Node(name="Dev", path="", **said)


def diff(want: Node, *, live: Node, declared: Node | None, **options: Any) -> FieldDiff:
    by_hand, template = options.pop("by_hand", frozenset()), options.pop("template", "")
    have = Content(live.declared(), declared.declared() if declared else None, by_hand, template)
    return compare(want, have, ours=("Dev team", "Old team"), **options)


def fields(found: FieldDiff) -> dict[str, list[str]]:
    kinds = {"changes": found.changes, "drift": found.drift, "conflicts": found.conflicts}
    return {kind: [each["field"] for each in several] for kind, several in kinds.items() if several}


def test_what_only_the_template_changed_is_updated() -> None:
    found = diff(node(role="tester"), live=node(role="dev"), declared=node(role="dev"))
    assert found.changes == ({"field": "role", "from": "dev", "to": "tester"},)
    assert found.declared == node(role="tester").declared()


def test_what_only_people_changed_is_drift_and_stays() -> None:
    found = diff(node(tier=2), live=node(tier=4), declared=node(tier=2))
    assert fields(found) == {"drift": ["tier"]}
    assert found.differs
    assert found.declared == node(tier=2).declared()


def test_what_both_changed_is_a_conflict_and_what_was_declared_stays() -> None:
    found = diff(node(tier=3), live=node(tier=4), declared=node(tier=2))
    assert fields(found) == {"conflicts": ["tier"]}
    assert found.declared["tier"] == 2


def test_what_both_changed_alike_is_nothing_and_remembered() -> None:
    found = diff(node(tier=3), live=node(tier=3), declared=node(tier=2))
    assert fields(found) == {}
    assert found.declared["tier"] == 3


def test_overwrite_takes_the_side_of_the_template() -> None:
    found = diff(node(tier=3), live=node(tier=4, role="x"), declared=node(tier=2), overwrite=True)
    assert fields(found) == {"changes": ["role", "tier"]}
    assert found.declared == node(tier=3).declared()


@pytest.mark.parametrize(("was", "now"), [((DAILY,), (HOURLY,)), ((), (DAILY,)), ((DAILY,), ())])
def test_schedules_are_changed_added_and_removed_by_name(was: Any, now: Any) -> None:
    found = diff(node(schedules=now), live=node(schedules=was), declared=node(schedules=was))
    assert fields(found) == {"changes": ["schedules.daily"]}
    assert found.declared == node(schedules=now).declared()


def test_a_schedule_by_hand_is_a_conflict_even_under_overwrite() -> None:
    found = diff(node(schedules=(DAILY,)), live=node(), declared=node(), by_hand=frozenset({"daily"}), overwrite=True)
    assert fields(found) == {"conflicts": ["schedules.daily"]}


def test_a_schedule_by_hand_is_forgotten_once_the_template_drops_it() -> None:
    was = node(schedules=(DAILY,))
    found = diff(node(), live=node(), declared=was, by_hand=frozenset({"daily"}))
    assert fields(found) == {}
    assert found.declared == node().declared()


@pytest.mark.parametrize(("was", "now"), [(1, True), (False, 0), ({"a": [0]}, {"a": [False]})])
def test_a_number_is_not_yes_or_no(was: Any, now: Any) -> None:
    said = node(spec={"flag": was})
    found = diff(node(spec={"flag": now}), live=said, declared=said)
    assert fields(found) == {"changes": ["spec.flag"]}


@pytest.mark.parametrize(("was", "now"), [(1, 1.0), (10**23, 1e23), ([1.0], [1])])
def test_a_number_is_the_same_with_a_decimal_point(was: Any, now: Any) -> None:
    said = node(spec={"share": was})
    assert fields(diff(node(spec={"share": now}), live=said, declared=said)) == {}


def test_large_whole_numbers_are_told_apart() -> None:
    said = node(spec={"seed": 2**53})
    assert fields(diff(node(spec={"seed": 2**53 + 1}), live=said, declared=said)) == {"changes": ["spec.seed"]}


def test_a_key_that_the_template_dropped_goes() -> None:
    found = diff(node(spec={}), live=node(spec={"a": 1}), declared=node(spec={"a": 1}))
    assert found.changes == ({"field": "spec.a", "from": 1, "to": None},)


def test_one_made_by_hand_is_adopted_what_it_lacks_is_added_and_the_rest_is_a_conflict() -> None:
    found = diff(node(role="dev", spec={"a": 1}, schedules=(DAILY,)), live=node(role="x"), declared=None)
    assert fields(found) == {"changes": ["spec.a", "schedules.daily"], "conflicts": ["role"]}


def test_what_another_template_declared_is_a_conflict_and_stays_its() -> None:
    found = diff(node(tier=3), live=node(tier=2), declared=node(tier=2), template="Ops")
    assert fields(found) == {"conflicts": ["tier"]}
    assert (found.declared, found.template, found.foreign) == (node(tier=2).declared(), "Ops", True)


def test_overwrite_takes_it_over() -> None:
    found = diff(node(tier=3), live=node(tier=2), declared=node(tier=2), template="Ops", overwrite=True)
    assert fields(found) == {"changes": ["tier"]}
    assert (found.declared, found.template, found.foreign) == (node(tier=3).declared(), "Dev team", False)


def test_what_the_template_declared_under_an_earlier_name_is_its_own() -> None:
    found = diff(node(tier=3), live=node(tier=2), declared=node(tier=2), template="Old team")
    assert fields(found) == {"changes": ["tier"]}
    assert (found.template, found.foreign) == ("Dev team", False)


def test_what_was_in_conflict_when_it_was_adopted_stays_so_until_somebody_decides() -> None:
    first = diff(node(), live=node(spec={"a": 1}), declared=None)
    again = compare(node(), Content(node(spec={"a": 1}).declared(), first.declared))
    assert fields(first) == fields(again) == {"conflicts": ["spec.a"]}
    decided = compare(node(), Content(node().declared(), again.declared))
    assert (fields(decided), decided.declared) == ({}, node().declared())


PLAIN: list[tuple[str, Any, Any, Any]] = [
    ("role", "a", "b", "c"),
    ("tier", 1, 2, 3),
    ("runtime", "a", "b", "c"),
    ("model", "a", "b", "c"),
    ("url", "a", "b", "c"),
    ("files", "a", "b", "c"),
    ("spec.x", {"x": 1}, {"x": [2]}, {"x": None}),
    ("schedules.daily", (DAILY,), (HOURLY,), ()),
]


@pytest.mark.parametrize(("field", "one", "two", "three"), PLAIN, ids=lambda value: str(value)[:15])
def test_the_table_holds_for_each_field(field: str, one: Any, two: Any, three: Any) -> None:
    key = field.partition(".")[0]
    a, b, c = (node(**{key: value}) for value in (one, two, three))
    assert fields(diff(a, live=a, declared=b)) == {}
    assert fields(diff(b, live=a, declared=a)) == {"changes": [field]}
    assert fields(diff(a, live=b, declared=a)) == {"drift": [field]}
    assert fields(diff(a, live=b, declared=c)) == {"conflicts": [field]}


def test_external_has_two_values_and_so_no_conflict_once_it_was_declared() -> None:
    yes, no = node(external=True), node()
    assert fields(diff(yes, live=no, declared=no)) == {"changes": ["external"]}
    assert fields(diff(yes, live=no, declared=yes)) == {"drift": ["external"]}


VALUES = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["", "a", "b"]),
        "tier": st.sampled_from([1, 2]),
        "spec": st.dictionaries(st.sampled_from("xy"), st.sampled_from([1, 2]), max_size=2),
        "schedules": st.sampled_from([(), (DAILY,), (HOURLY,)]),
    }
)


@given(want=VALUES, live=VALUES, declared=st.none() | VALUES, overwrite=st.booleans())
def test_a_second_run_changes_nothing(want: Any, live: Any, declared: Any, overwrite: bool) -> None:
    first = diff(node(**want), live=node(**live), declared=node(**declared) if declared else None, overwrite=overwrite)
    after = flat(node(**live).declared())
    for change in first.changes:
        if change["to"] is None and "." in change["field"]:
            del after[change["field"]]
        else:
            after[change["field"]] = change["to"]
    assert flat(first.live) == after
    second = compare(node(**want), Content(first.live, first.declared), overwrite=overwrite)
    assert second.changes == ()
    assert (second.drift, second.conflicts) == (first.drift, first.conflicts)
    assert second.declared == first.declared
    if overwrite:
        assert after == flat(node(**want).declared())
