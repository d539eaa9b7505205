"""What merge and reconcile decide where nothing moves. Plans are compared as text."""

from __future__ import annotations

from collections.abc import Collection
from textwrap import dedent

import pytest

from tests.trees import AFTER, BEFORE, Tree, as_paths, id_of, live, plain, template
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan import parse_mode, plan_import
from workspaces.core.planning.plan_values import Live, Mode, Plan, Reason
from workspaces.core.planning.render import as_text, summary
from workspaces.core.template import Template
from workspaces.errors import UnknownMode


def plan(
    have: Tree,
    want: Tree,
    mode: Mode = Mode.RECONCILE,
    *,
    protected: Collection[str] = (),
    asleep: Collection[str] = (),
) -> Plan:
    """Moves are off: what stands elsewhere is left running, or goes."""
    return planned(live(have, protected=protected), template(want, asleep=asleep), mode)


def planned(have: Collection[Live], want: Template, mode: Mode = Mode.RECONCILE) -> Plan:
    return plan_import(have=have, want=want, mode=mode, options=ImportOptions.of(mode, moves=False), read=plain)


def changes(*args: Tree | Mode, **kwargs: Collection[str]) -> str:
    return "\n" + as_paths(plan(*args, **kwargs)) + "\n"  # type: ignore[arg-type]


def text(block: str) -> str:
    return dedent(block)


def test_a_new_organization_gets_every_workspace_of_the_template() -> None:
    assert changes({}, {"PM": {"Dev": {}}}) == text("""
        + PM        not live yet
        + PM › Dev  not live yet
    """)


def test_the_same_template_again_changes_nothing() -> None:
    again = plan(AFTER, AFTER)
    assert (again.created_count, again.skipped_count, len(again.removals)) == (0, 9, 0)
    assert again.changes_nothing


def test_a_reshaped_tree_leaves_eight_duplicates_running_under_merge() -> None:
    accident = plan(BEFORE, AFTER, Mode.MERGE)
    assert (accident.created_count, accident.skipped_count, len(accident.left_running)) == (8, 1, 8)
    assert (accident.live_before, accident.live_after, accident.removals) == (9, 17, ())


def test_reconcile_removes_what_hangs_elsewhere_with_the_name_of_its_twin_as_the_cause() -> None:
    have = {"PM": {"Infra Lead": {"SRE": {}}, "Dev Lead": {}}}
    want = {"PM": {"Dev Lead": {"Infra Lead": {"SRE": {}}}}}
    assert changes(have, want) == text("""
        + PM › Dev Lead › Infra Lead        not live yet
        + PM › Dev Lead › Infra Lead › SRE  not live yet
        - PM › Infra Lead                   same name as PM › Dev Lead › Infra Lead
        - PM › Infra Lead › SRE             same name as PM › Dev Lead › Infra Lead › SRE
    """)


def test_what_hangs_below_a_removed_workspace_without_being_named_is_collateral() -> None:
    assert changes({"PM": {"Lead": {"Scratch": {}}}}, {"PM": {}, "Lead": {}}) == text("""
        - PM › Lead            same name as Lead
        ! PM › Lead › Scratch  below a removed workspace, not in the template
        + Lead                 not live yet
    """)


def test_workspaces_the_template_does_not_name_stay_untouched() -> None:
    kept = plan({"PM": {"Mine": {}}, "Sandbox": {}}, {"PM": {}})
    assert kept.changes_nothing
    assert kept.untouched_count == 2


def test_a_root_elsewhere_with_a_declared_name_is_removed() -> None:
    assert changes({"PM": {"Dev": {}}, "Dev": {}}, {"PM": {"Dev": {}}}) == text("""
        - Dev  same name as PM › Dev
    """)


def test_names_under_spawning_false_still_count() -> None:
    asleep = plan({"PM": {"Night": {"Owl": {}}}}, {"PM": {"Night": {"Owl": {}}}}, asleep=["Night"])
    assert [(row.name, row.reason) for row in asleep.removals] == [
        ("Night", Reason.NOT_SPAWNING),
        ("Owl", Reason.NOT_SPAWNING),
    ]
    assert asleep.removals[0].cause == "in the template only under spawning: false"


def test_a_name_that_runs_at_one_place_and_sleeps_at_another_has_a_twin() -> None:
    want = {"PM": {"Day": {"Dev": {}}, "Night": {"Dev": {}}}}
    both = plan({"PM": {"Night": {"Dev": {}}}}, want, asleep=["Night"])
    assert [(row.path, row.reason) for row in both.removals] == [
        ("PM › Night", Reason.NOT_SPAWNING),
        ("PM › Night › Dev", Reason.ZOMBIE),
    ]


@pytest.mark.parametrize(("want", "asleep"), [({}, ()), ({"PM": {"Dev": {}}}, ("PM",))])
def test_an_empty_set_removes_nothing_and_says_so(want: Tree, asleep: Collection[str]) -> None:
    empty = plan({"PM": {"Dev": {}}, "Dev": {}}, want, asleep=asleep)
    assert not empty.removals
    assert "Reconcile removes nothing" in empty.warnings[-1]


def test_a_protected_leftover_and_all_above_it_stay_while_the_rest_goes() -> None:
    have = {"PM": {"Old": {"Keep me": {}, "Dev": {"QA": {}}}}}
    assert changes(have, {"PM": {}, "Old": {}, "Dev": {}}, protected=["PM › Old › Keep me"]) == text("""
        # PM › Old             above PM › Old › Keep me, which is protected
        - PM › Old › Dev       same name as Dev
        ! PM › Old › Dev › QA  below a removed workspace, not in the template
        # PM › Old › Keep me   protected
        + Old                  not live yet
        + Dev                  not live yet
    """)


def test_what_lies_below_a_held_workspace_unnamed_is_no_collateral() -> None:
    held = plan({"PM": {"Old": {"A": {}}}}, {"PM": {}, "Old": {}}, protected=["PM › Old"])
    assert [row.path for row in held.held] == ["PM › Old"]
    assert not held.removals
    assert held.untouched_count == 1


def test_a_matched_workspace_may_be_protected_without_holding_anything() -> None:
    kept = plan({"PM": {"Dev": {}}, "Dev": {}}, {"PM": {"Dev": {}}}, protected=["PM"])
    assert [row.path for row in kept.removals] == ["Dev"]
    assert not kept.held


def test_every_live_workspace_is_counted_once() -> None:
    mixed = plan({"PM": {"Dev": {}, "Mine": {}}, "Dev": {"Mine too": {}}, "X": {}}, {"PM": {"Dev": {}}})
    parts = (mixed.skipped_count, len(mixed.removals), len(mixed.left_running), mixed.untouched_count)
    assert parts == (2, 2, 0, 2)
    assert sum(parts) == mixed.live_before


def test_both_modes_show_the_same_rows_in_the_same_order() -> None:
    merge, reconcile = plan(BEFORE, AFTER, Mode.MERGE), plan(BEFORE, AFTER)
    assert [row.trail for row in merge.rows] == [row.trail for row in reconcile.rows]


def test_rows_whose_parent_is_gone_and_rows_in_a_ring_are_shown_at_the_top() -> None:
    ring = (Live(id=id_of("A"), parent_id=id_of("B"), name="A"), Live(id=id_of("B"), parent_id=id_of("A"), name="B"))
    stray = Live(id=id_of("C"), parent_id=id_of("gone"), name="C")
    shown = planned((*ring, stray), template({"PM": {}}))
    assert sorted(row.name for row in shown.rows) == ["A", "B", "C", "PM"]


def test_what_stands_below_a_row_whose_parent_is_gone_stays_below_it() -> None:
    for number in range(20):  # whichever of the ids sorts first
        top, below = id_of(f"top {number}"), id_of(f"below {number}")
        rows = [Live(id=top, parent_id=id_of("gone"), name="A"), Live(id=below, parent_id=top, name="B")]
        shown = planned(rows, template({"A": {}}))
        assert [(row.path, row.action) for row in shown.removals] == [("A", "remove"), ("A › B", "collateral")]


def test_a_chain_of_two_thousand_levels_is_planned_without_recursion() -> None:
    ids = [id_of(str(level)) for level in range(2_000)]
    chain = [
        Live(id=own, parent_id=above, name=f"n{i}")
        for i, (own, above) in enumerate(zip(ids, [None, *ids], strict=False))
    ]
    deep = planned(chain, template({"n1": {}}))
    assert len(deep.removals) == 1_999


def test_the_fingerprint_changes_with_what_the_plan_reads_and_with_nothing_else() -> None:
    base = plan(BEFORE, AFTER)
    rows = live(BEFORE)
    offline = tuple(row._replace(status="offline") for row in rows)
    assert planned(offline[::-1], template(AFTER)).fingerprint == base.fingerprint
    assert plan(BEFORE, AFTER, Mode.MERGE).fingerprint != base.fingerprint
    assert plan(BEFORE, AFTER, protected=["PM"]).fingerprint != base.fingerprint
    assert plan(AFTER, AFTER).fingerprint != base.fingerprint
    assert planned(rows, template(AFTER, x=1)).fingerprint != base.fingerprint


def test_the_text_is_a_tree_with_signs_and_a_summary() -> None:
    assert "\n" + as_text(plan({"PM": {"B": {}}, "A": {}}, {"PM": {"A": {}, "B": {}}})) + "\n" == text("""
        = PM   live at the same place
        +   A  not live yet
        =   B  live at the same place
        - A    same name as PM › A
        Plan: 1 to create, 2 to keep, 1 to remove.
    """)


def test_the_summary_counts_collateral() -> None:
    assert summary(plan({"PM": {"A": {"X": {}}}}, {"PM": {}, "A": {}})).endswith("2 to remove (1 of them collateral).")


def test_the_summary_of_a_merge_says_what_stays_running_twice() -> None:
    assert (
        summary(plan(BEFORE, AFTER, Mode.MERGE)) == "Plan: 8 to create, 1 to keep, 0 to remove. 8 stay running twice."
    )
    asleep = plan({"Owl": {}}, {"Owl": {}}, Mode.MERGE, asleep=["Owl"])
    assert summary(asleep) == "Plan: 0 to create, 0 to keep, 0 to remove."


@pytest.mark.parametrize(
    ("word", "mode"), [(None, "merge"), ("", "merge"), ("merge", "merge"), ("reconcile", "reconcile")]
)
def test_no_mode_means_merge(word: str | None, mode: str) -> None:
    assert parse_mode(word) == mode


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(UnknownMode, match="use merge or reconcile"):
        parse_mode("replace")
