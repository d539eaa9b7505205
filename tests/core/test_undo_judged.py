"""What the policy asks before an undo, and what makes a plan of it another one."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.undo_stories import LATER, RUN, content, created, live, moved, removed, undo, updated
from workspaces.core.containers.data_policy import DataFate
from workspaces.core.containers.restart_rule import RestartRule
from workspaces.core.planning.plan_values import Plan
from workspaces.core.planning.policy import Policy, Verdict, Word, require
from workspaces.core.planning.render import undo_as_json
from workspaces.errors import RemovalNotConfirmed

FOUR = ("A", "B", "C", "D")
EMPTY = removed("Old", data=DataFate.DESTROYED)


def judged(plan: Plan) -> Verdict:
    return Policy(fraction=0.5).judge(plan)


def refusal(plan: Plan, *, confirmed: int | None = None, data_loss: int | None = None) -> RemovalNotConfirmed:
    with pytest.raises(RemovalNotConfirmed) as refused:
        require(judged(plan), plan, confirmed=confirmed, data_loss=data_loss)
    return refused.value


# ---- judged


def test_what_comes_back_with_its_data_is_free() -> None:
    assert judged(undo(live("A"), removed("B"), removed("C"))).word is Word.FREE


def test_half_of_what_is_live_may_go_and_one_more_takes_the_number() -> None:
    half, more = (undo(live(*FOUR), *map(created, FOUR[:count])) for count in (2, 3))
    assert (judged(half).word, judged(more).word, judged(more).confirm_removals) == (Word.FREE, Word.NUMBER, 3)


def test_what_comes_back_does_not_dilute_the_guard() -> None:
    plan = undo(live(*FOUR), *map(created, FOUR[:3]), *(removed(f"Old {number}") for number in range(9)))
    assert judged(plan).word is Word.NUMBER


def test_what_the_run_did_not_make_takes_a_tick() -> None:
    verdict = judged(undo(live("A", "A/By hand", "C", "D"), created("A")))
    assert (verdict.word, verdict.confirm_removals, verdict.why) == (Word.TICK, 2, "1 of them not made by that run")


def test_a_container_that_goes_takes_a_tick() -> None:
    did, have = updated("A", external=(True, False)), content(external=False)
    plan = undo(live("A"), did, contents={"A": have}, containers=RestartRule())
    assert (judged(plan).word, judged(plan).confirm_removals) == (Word.TICK, 0)


def test_empty_volumes_take_their_own_number_and_no_other() -> None:
    verdict = judged(undo(live(*FOUR), EMPTY))
    assert (verdict.word, verdict.confirm_removals, verdict.confirm_data_loss) == (Word.TICK, None, 1)
    assert [(each.rule, each.why) for each in verdict.rules if not each.ok] == [
        ("data", "1 workspace back with empty volumes")
    ]


def test_one_refusal_names_both_numbers() -> None:
    refused = refusal(undo(live("A"), created("A"), EMPTY))
    assert (refused.confirm_removals, refused.confirm_data_loss) == (1, 1)
    assert str(refused) == (
        "This would remove 1 workspace, more than 50% of the 1 that are live now. Repeat the number 1 as "
        "confirm_removals. 1 workspace would come back empty: the data was destroyed. Repeat 1 as confirm_data_loss."
    )


@pytest.mark.parametrize(("confirmed", "data_loss"), [(1, None), (None, 1), (1, 2), (2, 1), (0, 1), (1, 0)])
def test_one_number_does_not_answer_for_the_other(confirmed: int | None, data_loss: int | None) -> None:
    refused = refusal(undo(live("A"), created("A"), EMPTY), confirmed=confirmed, data_loss=data_loss)
    assert (refused.confirm_removals, refused.confirm_data_loss) == (1, 1)


def test_both_numbers_let_it_through() -> None:
    plan = undo(live("A"), created("A"), EMPTY)
    require(judged(plan), plan, confirmed=1, data_loss=1)


def test_a_number_that_nobody_asked_for_has_to_fit_all_the_same() -> None:
    plan = undo(live(*FOUR), created("A"), removed("Old"))
    require(judged(plan), plan, confirmed=1, data_loss=0)
    assert "not 2" in str(refusal(plan, confirmed=2))
    assert "not 1" in str(refusal(plan, confirmed=1, data_loss=1))


def test_the_answer_lists_what_comes_back_and_what_cannot() -> None:
    plan = undo(live("PM"), removed("PM/Dev", data=DataFate.DESTROYED), removed("Lead/QA"))
    told = undo_as_json(plan, verdict=judged(plan))
    assert [(each["name"], each["path"], each["data_lost"]) for each in told["restored"]] == [
        ("Dev", ["PM", "Dev"], True)
    ]
    assert [(each["name"], each["why"]) for each in told["cannot"]] == [
        ("QA", "it stood below Lead, which is gone: restore that one first")
    ]
    assert (told["guard"]["confirm_removals"], told["guard"]["confirm_data_loss"]) == (None, 1)


# ---- the fingerprint


def story(**other: object) -> Plan:
    """A run that did one of each, a fact of it replaced."""
    given_facts: dict[str, object] = {
        "have": live("PM", "PM/New", "Ops", "Ops/Dev"), "role": "new", "by": RUN, "data": DataFate.KEPT, "node": "",
        "last_run": None, "files": ["old"], "declared": None, "by_hand": (), "more": [], "again": [],
    }  # fmt: skip
    facts: dict = {**given_facts, **other}
    return undo(
        facts["have"],
        created("PM/New"),
        moved("PM/Dev", "Ops/Dev"),
        updated("PM", role=("old", "new"), files=("old", "new")),
        removed("PM/Old", by=facts["by"], data=facts["data"], node=facts["node"]),
        *facts["more"],
        contents={"PM": content(facts["by_hand"], facts["declared"], role=facts["role"], files="new")},
        files=facts["files"],
        again=facts["again"],
        last_run=facts["last_run"],
    )


FACTS: dict[str, Callable[[], Plan]] = {
    "a name": lambda: story(have=live("PM", "PM/New", "Ops#Ops", "Ops/Dev")[:2] + live("IT#Ops", "IT#Ops/Dev")),
    "a parent": lambda: story(have=live("PM", "PM/New", "Ops", "Dev")),
    "a workspace more": lambda: story(have=live("PM", "PM/New", "Ops", "Ops/Dev", "QA")),
    "protection": lambda: story(have=live("PM", "PM/New", "Ops", "Ops/Dev", protected=["Ops"])),
    "a field": lambda: story(role="mine"),
    "what a template said": lambda: story(declared={"role": "new"}),
    "a schedule by hand": lambda: story(by_hand=["Pulse"]),
    "who removed it last": lambda: story(by=LATER),
    "the state of the data": lambda: story(data=DataFate.DESTROYED),
    "a machine that is away": lambda: story(node="east"),
    "the files that are stored": lambda: story(files=[]),
    "the last run": lambda: story(last_run=LATER),
    "that it was done again": lambda: story(again=[LATER]),
    "an operation more": lambda: story(more=[removed("QA")]),
}


@pytest.mark.parametrize("fact", FACTS)
def test_each_fact_makes_it_another_plan(fact: str) -> None:
    assert FACTS[fact]().fingerprint != story().fingerprint


@given(order=st.permutations(range(4)), changed=st.booleans())
def test_the_order_of_rows_makes_no_other_plan(order: list[int], changed: bool) -> None:
    have = live("PM", "PM/New", "Ops", "Ops/Dev", protected=["PM/New"] if changed else [])
    assert story(have=[have[index] for index in order]) == story(have=have)


def test_an_undo_of_another_run_is_another_plan() -> None:
    did = created("A")
    other = did._replace(operation=did.operation._replace(run=UUID(int=9)))
    assert undo(live("A"), did).fingerprint != undo(live("A"), other).fingerprint
