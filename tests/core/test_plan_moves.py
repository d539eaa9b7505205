"""Workspaces that go to other places and names, as the plan shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from textwrap import dedent
from typing import Any

import pytest

from tests.trees import AFTER, BEFORE, Entries, Tree, as_paths, live, plain, renamed, template
from workspaces.core.planning.import_options import ImportOptions, Prefer
from workspaces.core.planning.plan import plan_import
from workspaces.core.planning.plan_values import Kind, Live, Mode, Plan, Reason
from workspaces.core.planning.render import as_text, summary

NOW = datetime(2026, 5, 12, tzinfo=UTC)


def plan(
    have: Tree | Collection[Live],
    want: Tree,
    mode: Mode = Mode.RECONCILE,
    *,
    previously: Mapping[str, Entries] = {},
    protected: Collection[str] = (),
    asleep: Collection[str] = (),
    **options: Any,
) -> Plan:
    rows = live(have, protected=protected) if isinstance(have, Mapping) else have
    named = renamed(template(want, asleep=asleep), previously)
    return plan_import(have=rows, want=named, mode=mode, options=ImportOptions.of(mode, **options), read=plain)


def shown(*args: Any, **kwargs: Any) -> str:
    return "\n" + as_text(plan(*args, **kwargs)) + "\n"


def changes(*args: Any, **kwargs: Any) -> str:
    return "\n" + as_paths(plan(*args, **kwargs)) + "\n"


def text(block: str) -> str:
    return dedent(block)


# ---- moved


def test_the_evening_with_moves() -> None:
    assert shown(BEFORE, AFTER) == text("""
        = PM                       live at the same place
        >   Dev Lead               from PM › Infra Lead › Dev Lead
        >     Infra Lead           from PM › Infra Lead
        =       SRE Engineer       comes along with Infra Lead
        =       Security Engineer  comes along with Infra Lead
        =     Backend Engineer     comes along with Dev Lead
        =     Frontend Engineer    comes along with Dev Lead
        =     QA Engineer          comes along with Dev Lead
        =     Technical Writer     comes along with Dev Lead
        Plan: 0 to create, 7 to keep, 2 to move, 0 to remove.
    """)


def test_what_hangs_below_and_is_not_named_comes_along() -> None:
    assert shown({"A": {"Lead": {"Mine": {}}}, "B": {}}, {"A": {}, "B": {"Lead": {}}}) == text("""
        = A         live at the same place
        = B         live at the same place
        >   Lead    from A › Lead
        ·     Mine  no longer declared by Dev team; comes along with Lead
        Plan: 0 to create, 2 to keep, 1 to move, 0 to remove.
    """)


def test_a_whole_tree_goes_below_a_new_root() -> None:
    assert changes({"Lead": {"Dev": {}}, "QA": {}}, {"CEO": {"Lead": {"Dev": {}}, "QA": {}}}) == text("""
        + CEO         not live yet
        > CEO › Lead  from Lead
        > CEO › QA    from QA
    """)


def test_a_move_goes_into_the_place_that_another_one_leaves() -> None:
    have = {"A": {"QA": {}}, "Lead": {"QA": {}}}
    want = {"Tester": {}, "Head": {"QA": {}}, "A": {}}
    assert changes(have, want, previously={"Tester": [("Lead", "QA")], "Head": ["Lead"]}) == text("""
        > Tester     was Lead › QA
        > Head       was Lead
        > Head › QA  from A › QA
    """)


def test_a_removed_one_makes_room_for_the_older_one_of_its_name() -> None:
    have = aged({"PM": {"QA": {}}, "QA": {}}, older={"QA"})
    assert changes(have, {"PM": {"QA": {}}}, prefer=Prefer.OLDEST) == text("""
        > PM › QA  from QA, the older one
        - PM › QA  younger than the one that takes its place
    """)


def test_what_would_go_as_collateral_and_is_named_elsewhere_moves_away() -> None:
    have = {"A": {"Lead": {"Dev": {}, "Mine": {}}}, "B": {"Lead": {}}}
    want = {"B": {"Lead": {}}, "Dev": {}, "A": {}}
    assert changes(have, want) == text("""
        > Dev              from A › Lead › Dev
        - A › Lead         same name as B › Lead
        ! A › Lead › Mine  below a removed workspace, not in the template
    """)


def test_what_goes_below_one_that_moves_does_not_come_along() -> None:
    have = {"A": {"Lead": {"QA": {"Mine": {}}}}, "B": {}}
    want = {"A": {}, "B": {"Lead": {}, "QA": {}}}
    assert changes(have, {**want, "C": {"QA": {}}}) == text("""
        > B › Lead              from A › Lead
        - B › Lead › QA         same name as B › QA
        ! B › Lead › QA › Mine  below a removed workspace, not in the template
        + B › QA                not live yet
        + C                     not live yet
        + C › QA                not live yet
    """)


def test_merge_moves_only_where_it_is_asked_to() -> None:
    have, want = {"A": {"X": {}}, "B": {}}, {"A": {}, "B": {"X": {}}}
    assert changes(have, want, Mode.MERGE) == text("""
        ≠ A › X  same name as B › X
        + B › X  not live yet
    """)
    assert changes(have, want, Mode.MERGE, moves=True) == text("""
        > B › X  from A › X
    """)


def test_a_protected_one_may_move_and_no_longer_keeps_what_it_stood_below() -> None:
    have = {"A": {"Lead": {"Safe": {}}}, "B": {"Lead": {}}}
    want = {"A": {}, "B": {"Lead": {"Safe": {}}}}
    assert changes(have, want, protected=["A › Lead › Safe"]) == text("""
        - A › Lead         same name as B › Lead
        > B › Lead › Safe  from A › Lead › Safe
    """)


def test_an_ambiguous_name_is_created_and_the_preview_names_both() -> None:
    answer = plan({"A": {"QA": {}}, "B": {"QA": {}}, "C": {}}, {"A": {}, "B": {}, "C": {"QA": {}}}, retire=True)
    assert as_paths(answer).splitlines() == [
        "- A › QA  same name as C › QA",
        "- B › QA  same name as C › QA",
        "+ C › QA  not live yet",
    ]
    assert answer.warnings == ("C › QA: two could be meant: A › QA, B › QA; name one with `previously`",)


def test_a_row_that_two_nodes_could_be_is_named_once() -> None:
    answer = plan({"A": {}, "B": {}, "QA": {}}, {"A": {"QA": {}}, "B": {"QA": {}}})
    assert answer.created_count == 2
    assert answer.warnings == ("QA could be any of A › QA, B › QA; say which with `previously`",)


def test_names_under_spawning_false_match_nothing() -> None:
    assert changes({"PM": {}, "Owl": {}}, {"PM": {"Owl": {}}}, asleep=["Owl"]) == text("""
        - Owl  in the template only under spawning: false
    """)


# ---- previously


def test_another_name_at_the_same_place_is_a_move_that_says_what_it_was() -> None:
    assert changes({"PM": {"Ops": {"X": {}}}}, {"PM": {"SRE": {"X": {}}}}, previously={"SRE": ["Ops"]}) == text("""
        > PM › SRE  was PM › Ops
    """)


def test_a_path_says_which_of_two_and_the_other_goes() -> None:
    have = {"A": {"QA": {}}, "B": {"QA": {}}, "C": {}}
    want = {"A": {}, "B": {}, "C": {"Tester": {}}}
    assert changes(have, want, previously={"Tester": [("B", "QA")]}) == text("""
        > C › Tester  was B › QA
    """)


def test_the_entries_of_a_list_together_must_mean_exactly_one() -> None:
    want = {"New": {}}
    assert changes({"Old": {}}, want, previously={"New": ["Gone", "Old"]}) == text("""
        > New  was Old
    """)
    both = plan({"Old": {}, "Older": {}}, want, previously={"New": ["Older", "Old"]})
    assert (both.created_count, both.moved) == (1, ())
    assert both.warnings == ("New: `previously` could mean Old, Older; write the path",)


def test_of_two_that_say_the_same_neither_is_matched_and_one_sentence_says_so() -> None:
    answer = plan({"Old": {}}, {"A": {}, "B": {}}, previously={"A": ["Old"], "B": ["Old"]})
    assert (answer.created_count, answer.moved) == (2, ())
    assert answer.warnings == ("A, B: `previously` of each means Old; none of them is matched with it",)


def test_a_sentence_names_no_more_than_five() -> None:
    many = {f"n{number}": {} for number in range(7)}
    answer = plan({"Old": {}}, many, previously={name: ["Old"] for name in many})
    assert answer.warnings == (
        "n0, n1, n2, n3, n4 and 2 more: `previously` of each means Old; none of them is matched with it",
    )


def test_siblings_cannot_swap_their_names_where_both_stand_in_place() -> None:
    """In place comes first: what each template names stays where it is."""
    same = plan({"PM": {"A": {}, "B": {}}}, {"PM": {"A": {}, "B": {}}}, previously={"A": ["B"], "B": ["A"]})
    assert same.changes_nothing


def test_a_chain_of_renames_stops_at_what_stands_in_place_and_says_so() -> None:
    answer = plan({"P": {"a": {}, "b": {}}}, {"P": {"b": {}, "c": {}}}, previously={"b": ["a"], "c": ["b"]})
    assert [row.path for row in answer.result if row.live is None] == ["P › c"]
    assert answer.warnings == ("P › b: live in place, so `previously` is not followed; P › a is left over",)


def test_two_siblings_below_another_parent_swap_their_names() -> None:
    have, want = {"P": {"A": {"X": {}}, "B": {"Y": {}}}, "Q": {}}, {"P": {}, "Q": {"A": {"Y": {}}, "B": {"X": {}}}}
    assert changes(have, want, previously={"A": [("P", "B")], "B": [("P", "A")]}) == text("""
        > Q › A  was P › B
        > Q › B  was P › A
    """)


def test_without_moves_it_is_ignored_and_said_so() -> None:
    answer = plan({"Old": {}}, {"New": {}}, previously={"New": ["Old"]}, moves=False)
    assert answer.created_count == 1
    assert answer.warnings == ("`previously` is ignored, because moves are off: New",)


# ---- older


def aged(have: Tree, *, older: Collection[str], protected: Collection[str] = ()) -> list[Live]:
    """The rows of which those whose path is in `older` were made earlier."""
    rows = live(have, protected=protected)
    paths = {row.id: path for row, path in zip(rows, paths_of(have), strict=True)}
    return [row._replace(made=str(NOW - timedelta(hours=paths[row.id] in older))) for row in rows]


def paths_of(have: Tree, above: str = "") -> list[str]:
    found: list[str] = []
    for name, below in have.items():
        found += [f"{above}{name}", *paths_of(below, f"{above}{name} › ")]
    return found


ACCIDENT: Tree = {"PM": {**BEFORE["PM"], **AFTER["PM"]}}
OLD = set(paths_of(BEFORE))


def test_the_accident_is_repaired_with_the_older_ones() -> None:
    repair = plan(aged(ACCIDENT, older=OLD), AFTER, prefer=Prefer.OLDEST)
    assert summary(repair) == "Plan: 0 to create, 7 to keep, 2 to move, 8 to remove."
    assert {row.cause for row in repair.removals} == {"younger than the one that takes its place"}
    assert [f"{row.path}: {row.cause}" for row in repair.moved] == [
        "PM › Dev Lead: from PM › Infra Lead › Dev Lead, the older one",
        "PM › Dev Lead › Infra Lead: from PM › Infra Lead, the older one",
    ]
    assert {row.path for row in repair.removals} == {path for path in paths_of(ACCIDENT) if path not in OLD}


def test_without_prefer_oldest_the_younger_stay_where_the_template_has_them() -> None:
    repair = plan(aged(ACCIDENT, older=OLD), AFTER)
    assert summary(repair) == "Plan: 0 to create, 9 to keep, 8 to remove."


def test_a_protected_one_and_one_above_it_have_no_older_namesake_and_are_none() -> None:
    have, want = {"PM": {"QA": {}}, "QA": {"Mine": {}}}, {"PM": {"QA": {}}}
    for safe in ("PM › QA", "QA", "QA › Mine"):
        answer = plan(aged(have, older={"QA"}, protected=[safe]), want, prefer=Prefer.OLDEST)
        assert not answer.moved
        assert Reason.SUPERSEDED not in {row.reason for row in answer.rows}


@pytest.mark.parametrize(
    ("have", "want", "older"),
    [
        ({"A": {"QA": {}}, "B": {}, "QA": {}}, {"A": {"QA": {}}, "B": {"QA": {}}}, {"QA"}),
        ({"A": {"QA": {}}, "QA": {}}, {"A": {"QA": {}}, "Off": {"QA": {}}}, {"QA"}),
        ({"A": {"QA": {}}, "QA": {}, "B": {"QA": {}}}, {"A": {"QA": {}}}, {"QA"}),
        ({"A": {"QA": {}}, "QA": {}}, {"A": {"QA": {}}}, set()),
    ],
    ids=["declared twice", "declared twice, once asleep", "carried three times", "made by one run"],
)
def test_one_keeps_its_place_beside_an_older_namesake_if_it_is(have: Tree, want: Tree, older: set[str]) -> None:
    answer = plan(aged(have, older=older), want, asleep=["Off"], prefer=Prefer.OLDEST)
    assert [row.rule for row in answer.rows if row.trail == ("A", "QA")] == ["in place"]


def test_what_stands_in_place_below_the_younger_one_goes_with_the_place() -> None:
    have = aged({"PM": {"Lead": {"Scout": {}}}, "Lead": {"QA": {}}}, older={"Lead", "Lead › QA"})
    answer = plan(have, {"PM": {"Lead": {"Scout": {}, "QA": {}}}}, prefer=Prefer.OLDEST)
    assert "\n" + as_paths(answer) + "\n" == text("""
        > PM › Lead          from Lead, the older one
        > PM › Lead › Scout  from below the younger PM › Lead
        - PM › Lead          younger than the one that takes its place
    """)
    assert [row.cause for row in answer.rows if row.name == "QA"] == ["comes along with Lead"]


def test_a_superseded_one_that_previously_finds_is_renamed_not_removed() -> None:
    have = aged({"PM": {"QA": {}}, "QA": {}}, older={"QA"})
    answer = plan(have, {"PM": {"QA": {}, "Tester": {}}}, previously={"Tester": ["QA"]}, prefer=Prefer.OLDEST)
    assert "\n" + as_paths(answer) + "\n" == text("""
        > PM › QA      from QA, the older one
        > PM › Tester  was PM › QA
    """)


def test_the_fingerprint_says_which_of_the_two_was_preferred() -> None:
    have = aged({"A": {"QA": {}}}, older=())
    one, two = (plan(have, {"A": {"QA": {}}}, prefer=prefer) for prefer in Prefer)
    assert one.rows == two.rows
    assert one.fingerprint != two.fingerprint


# ---- operations


def test_a_move_says_both_places() -> None:
    (move,) = plan({"A": {"X": {}}, "B": {}}, {"A": {}, "B": {"X": {}}}).operations
    assert (move.kind, move.before and move.before.trail, move.after and move.after.trail) == (
        Kind.MOVE, ("A", "X"), ("B", "X"),
    )  # fmt: skip


def test_what_goes_is_told_with_the_path_it_had() -> None:
    have = {"Lead": {"QA": {}}, "PM": {"QA": {}}}
    answer = plan(have, {"PM": {"Lead": {}, "QA": {}}})
    assert [(each.kind, answer.path_texts[each.row]) for each in answer.operations] == [
        ("move", '["PM", "Lead"]'),
        ("remove", '["Lead", "QA"]'),
    ]


def test_a_parent_that_the_same_plan_creates_is_named_by_its_row() -> None:
    create, move = plan({"Lead": {}}, {"CEO": {"Lead": {}}}).operations
    assert move.after
    assert move.after.parent == create.row
