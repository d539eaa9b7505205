from __future__ import annotations

from uuid import UUID

from tests.trees import Tree, live
from workspaces.core.planning.plan_values import Kind, Live, Plan
from workspaces.core.planning.policy import Policy, Word
from workspaces.core.planning.removal_plan import plan_removal

TREE: Tree = {"PM": {"Dev": {"QA": {}}, "Ops": {}}, "Lead": {}}


def removed(*chosen: str, have: Tree = TREE, protected: frozenset[str] = frozenset()) -> Plan:
    rows = live(have, protected=protected)
    return plan_removal(have=rows, chosen=[row.id for row in rows if row.name in chosen])


def lines(plan: Plan) -> list[str]:
    return [f"{row.path}: {row.cause}" for row in plan.rows]


def test_rows_stand_in_tree_order_each_with_its_cause() -> None:
    assert lines(removed("Lead", "PM", "QA")) == [
        "Lead: deleted",
        "PM: deleted",
        "PM › Dev: below a removed workspace",
        "PM › Dev › QA: deleted",
        "PM › Ops: below a removed workspace",
    ]


def test_trails_begin_at_the_root_where_the_names_above_are_known() -> None:
    (child,) = [row for row in live(TREE) if row.name == "QA"]
    plan = plan_removal(have=[child], chosen=[child.id], above={child.id: ("PM", "Dev")})
    assert [row.path for row in plan.rows] == ["PM › Dev › QA"]


def test_every_row_is_an_operation_that_says_where_it_stood() -> None:
    plan = removed("PM", "Lead")
    assert {operation.kind for operation in plan.operations} == {Kind.REMOVE}
    assert [operation.before.trail for operation in plan.operations if operation.before] == [
        row.trail for row in plan.rows
    ]
    assert {operation.reason for operation in plan.operations} == {"chosen", "below"}


def test_a_cycle_goes_as_a_whole() -> None:
    first, second = UUID(int=1), UUID(int=2)
    ring = [Live(first, second, "A"), Live(second, first, "B")]
    assert [row.name for row in plan_removal(have=ring, chosen=[first]).rows] == ["B", "A"]


def test_one_protected_workspace_refuses_the_whole_plan() -> None:
    verdict = Policy(fraction=0.5).judge(removed("PM", "Lead", protected=frozenset({"PM › Dev › QA"})))
    assert (verdict.word, verdict.why, verdict.confirm_removals) == (Word.REFUSED, "QA", None)


def test_nothing_else_holds_a_direct_removal_back() -> None:
    assert Policy(fraction=0.0).judge(removed("PM", "Lead")).word is Word.FREE
