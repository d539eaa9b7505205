from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trees import AFTER, BEFORE, Tree, live, plain, template
from workspaces.core.containers.restart_rule import RestartRule
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan import plan_import
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.core.planning.policy import Policy, Verdict, Word, require
from workspaces.core.template import Node, Template
from workspaces.errors import RemovalNotConfirmed


def plan(have: Tree, want: Tree, mode: Mode = Mode.RECONCILE) -> Plan:
    """Moves are off: what stands elsewhere goes."""
    return plan_import(have=live(have), want=template(want), mode=mode, options=ImportOptions.of(mode, moves=False))


def judged(plan: Plan, fraction: float = 0.5) -> Verdict:
    return Policy(fraction=fraction).judge(plan)


def flat(count: int, name: str = "n") -> Tree:
    return {f"{name}{index}": {} for index in range(count)}


HELD: dict[str, tuple[Tree, Tree, float]] = {
    "a pure move of everything": ({"PM": {"Dev": {}}, "Ops": {}}, {"New": {"PM": {"Dev": {}}, "Ops": {}}}, 0.5),
    "the story, where eight of nine move": (BEFORE, AFTER, 0.5),
    "one root of one": ({"PM": {}}, {"Lead": {"PM": {}}}, 0.5),
    "creates that outnumber the removals": ({"A": {}, "B": {}}, {"Top": {"A": {}, "B": {}}, **flat(500)}, 0.5),
    "two of three": ({"A": {}, "B": {}, "C": {}}, {"C": {"A": {}, "B": {}}}, 0.5),
    "one of a hundred under a fraction of zero": (flat(100), {"Top": {"n0": {}}, **flat(50, "m")}, 0.0),
    "all but one of a hundred": (flat(100), {"Top": flat(99)}, 0.98),
}
LET_THROUGH: dict[str, tuple[Tree, Tree, float]] = {
    "exactly half": ({"A": {}, "B": {}}, {"B": {"A": {}}}, 0.5),
    "eight of seventeen": ({**BEFORE, **flat(8)}, AFTER, 0.5),
    "one root of four": ({"A": {}, "B": {}, "C": {}, "D": {}}, {"B": {"A": {}}}, 0.5),
    "everything under a fraction of one": ({"A": {}, "B": {}}, {"Top": {"A": {}, "B": {}}}, 1.0),
    "nothing live before": ({}, flat(10), 0.0),
    "creates alone": ({"A": {}}, {"A": {}, **flat(10)}, 0.0),
    "29 of 100 under 0.29": (flat(100), {"Top": flat(29)}, 0.29),
}


@pytest.mark.parametrize("case", HELD)
def test_what_is_created_dilutes_no_guard(case: str) -> None:
    have, want, fraction = HELD[case]
    held = plan(have, want)
    verdict = judged(held, fraction)
    assert (verdict.word, verdict.confirm_removals) == (Word.NUMBER, len(held.removals))
    with pytest.raises(RemovalNotConfirmed):
        require(verdict, held, confirmed=None)


@pytest.mark.parametrize("case", LET_THROUGH)
def test_what_is_within_the_fraction_passes(case: str) -> None:
    have, want, fraction = LET_THROUGH[case]
    assert judged(plan(have, want), fraction).word is Word.FREE


def test_the_sentence_counts_what_was_live_before() -> None:
    assert judged(plan(BEFORE, AFTER), 0.4).message == (
        "This would remove 8 workspaces, more than 40% of the 9 that are live now. Repeat the number 8 as "
        "confirm_removals."
    )


TREES = st.recursive(
    st.dictionaries(st.sampled_from("ABCDEF"), st.just({}), max_size=4),
    lambda deeper: st.dictionaries(st.sampled_from("ABCDEF"), deeper, max_size=4),
    max_leaves=12,
)


@given(have=TREES, want=TREES, more=st.integers(min_value=0, max_value=30))
def test_more_new_workspaces_in_the_template_never_change_the_verdict(have: Tree, want: Tree, more: int) -> None:
    if not want:
        return  # the template that names nothing removes nothing
    few, many = (judged(plan(have, {**want, **flat(number)})) for number in (0, more))
    assert few == many


def test_any_collateral_is_held_back_however_little_it_is() -> None:
    many = {f"n{i}": {} for i in range(50)}
    verdict = judged(plan({**many, "A": {"Mine": {}}}, {"PM": {"A": {}}}), 1.0)
    assert (verdict.word, verdict.why) == (Word.TICK, "1 of them not in the template")


def test_the_exact_number_lets_it_through_and_another_does_not() -> None:
    held = plan({"A": {"Mine": {}}}, {"PM": {"A": {}}})
    require(judged(held), held, confirmed=2)
    for number in (None, 1, 3):
        with pytest.raises(RemovalNotConfirmed) as refused:
            require(judged(held), held, confirmed=number)
        assert refused.value.confirm_removals == 2


def test_a_number_that_is_given_must_fit_even_where_nothing_asks_for_it() -> None:
    with pytest.raises(RemovalNotConfirmed, match="would remove 8 workspaces, not 7"):
        require(judged(plan(BEFORE, AFTER)), plan(BEFORE, AFTER), confirmed=7)


def test_merge_removes_nothing_and_is_never_held_back() -> None:
    require(judged(plan(BEFORE, AFTER, Mode.MERGE), 0.0), plan(BEFORE, AFTER, Mode.MERGE), confirmed=None)


def test_a_verdict_says_what_each_rule_says() -> None:
    assert judged(plan({"A": {}, "B": {}, "C": {}}, {"C": {"A": {}, "B": {}}})).as_json() == {
        "word": "number",
        "rules": [
            {"rule": "collateral", "ok": True, "why": "0 of them not in the template"},
            {"rule": "fraction", "ok": False, "why": "more than 50% of the 3 that are live now"},
            {"rule": "external", "ok": True, "why": "0 containers of what becomes external"},
        ],
    }


def becoming_external(mode: Mode) -> Plan:
    node = Node(name="A", path="A", external=True, url="https://a.example")
    return plan_import(
        have=live({"A": {}}),
        want=Template(name="Dev team", workspaces=(node,)),
        mode=mode,
        options=ImportOptions.of(mode, updates=True),
        read=plain,
        containers=RestartRule(limits={}),
    )


def test_one_that_becomes_external_needs_the_exact_number_in_merge_too() -> None:
    shown = becoming_external(Mode.MERGE)
    require(judged(shown), shown, confirmed=0)
    for number in (None, 7):
        with pytest.raises(RemovalNotConfirmed):
            require(judged(shown), shown, confirmed=number)


def test_one_that_becomes_external_needs_the_tick_and_over_rest_the_number_of_removals() -> None:
    shown = becoming_external(Mode.RECONCILE)
    verdict = judged(shown)
    assert (verdict.word, verdict.confirm_removals) == ("tick", 0)
    assert verdict.message == (
        "This would remove 1 container of what becomes external. Repeat the number 0 as confirm_removals."
    )
    with pytest.raises(RemovalNotConfirmed):
        require(verdict, shown, confirmed=None)
    require(verdict, shown, confirmed=0)
