"""Fields that the template changed, that people changed, and whose template it was, as the plan shows them."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent
from typing import Any
from uuid import UUID

import pytest

from tests.plan_model import EARLIER, OTHER, OURS, Model, Stored
from workspaces.core.containers.restart_rule import RestartRule
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan import plan_import
from workspaces.core.planning.plan_values import IMPORT_MODES, Kind, Mode, Plan
from workspaces.core.planning.policy import Policy
from workspaces.core.planning.render import as_json, as_text
from workspaces.core.template import Node, ScheduleSpec, Template

FIRST = {False: "provisioning", True: "online"}  # the status of a new workspace, by whether it is external
DAILY = ScheduleSpec(name="daily", cron_expr="0 9 * * *")


def node(**said: Any) -> Node:
    return Node(**{"name": "Dev", "path": ""} | said)


def stored(declared: Node | None, now: Node | None = None, **more: Any) -> Model:
    """One live workspace that a template declared, and what it is now."""
    says, last = (now or declared or node()).declared(), declared.declared() if declared else None
    more.setdefault("template", OURS if declared else "")
    more.setdefault("differs", "drift" if last and last != says else "")
    model = Model()
    model.add(Stored(parent=None, name="Dev", says=says, declared=last, **more))
    return model


def plan(model: Model, *nodes: Node, mode: Mode = Mode.RECONCILE, **options: Any) -> Plan:
    want = Template(name=OURS, previously=(EARLIER,), workspaces=nodes)
    return model.plan(want, mode, ImportOptions.of(mode, **options))


def shown(*args: Any, **kwargs: Any) -> str:
    return "\n" + as_text(plan(*args, **kwargs)) + "\n"


def text(block: str) -> str:
    return dedent(block)


def told(found: Plan) -> dict[str, list[str]]:
    """Fields by what becomes of them."""
    answer = as_json(found, verdict=Policy(fraction=1).judge(found), first_status=FIRST)
    kinds = {kind: [change["field"] for row in answer[kind] for change in row["changes"]] for kind in KINDS}
    return {kind: several for kind, several in kinds.items() if several}


KINDS = ("updated", "moved", "drift", "conflicts")


def test_what_the_template_changed_is_updated_and_says_which_fields() -> None:
    assert shown(stored(node(tier=2)), node(tier=3, role="tests", schedules=(DAILY,))) == text("""
        ~ Dev  the template changed role, tier and schedules.daily
        Plan: 0 to create, 0 to keep, 1 to update, 0 to remove.
    """)


def test_what_people_changed_is_kept_and_counted_as_differing() -> None:
    found = plan(stored(node(tier=2), node(tier=4)), node(tier=2))
    assert (told(found), found.differs_count, found.changes_nothing) == ({"drift": ["tier"]}, 1, True)


def test_what_both_changed_is_a_conflict_beside_what_is_updated() -> None:
    found = plan(stored(node(tier=2), node(tier=4)), node(tier=3, role="tests"))
    assert (told(found), found.differs_count) == ({"updated": ["role"], "conflicts": ["tier"]}, 1)


def test_overwrite_takes_the_template_s_side_and_nothing_differs() -> None:
    found = plan(stored(node(tier=2, role="a"), node(tier=4, role="b")), node(tier=3, role="a"), overwrite=True)
    assert (told(found), found.differs_count) == ({"updated": ["role", "tier"]}, 0)


@pytest.mark.parametrize("mode", [Mode.MERGE, Mode.RECONCILE])
def test_without_updates_only_the_count_says_that_something_differs(mode: Mode) -> None:
    found = plan(stored(node(tier=2), node(tier=4)), node(tier=3, role="tests"), mode=mode, updates=False)
    assert (told(found), found.differs_count, found.changes_nothing, found.noted) == ({}, 1, True, ())


def test_merge_updates_where_it_is_asked_to() -> None:
    assert told(plan(stored(node(tier=2)), node(tier=3), mode=Mode.MERGE, updates=True)) == {"updated": ["tier"]}


def test_one_that_moves_and_changes_is_one_move_with_its_changes() -> None:
    model = stored(node())
    found = plan(model, node(name="Top", children=(node(tier=3),)))
    assert [each.kind for each in found.operations] == [Kind.CREATE, Kind.MOVE]
    assert (told(found), len(found.moved), len(found.updated)) == ({"moved": ["tier"]}, 1, 0)


def test_one_made_by_hand_is_adopted_without_a_word_where_it_is_what_the_template_says() -> None:
    model = stored(None, node(tier=3))
    found = plan(model, node(tier=3))
    assert (found.changes_nothing, found.differs_count, len(found.noted)) == (True, 0, 1)
    model.carry_out(found)
    assert next(iter(model.rows.values())).template == OURS


def test_one_made_by_hand_gets_what_it_lacks_and_keeps_the_rest_as_a_conflict() -> None:
    found = plan(stored(None, node(tier=4)), node(tier=3, spec={"a": 1}, schedules=(DAILY,)))
    assert told(found) == {"updated": ["spec.a", "schedules.daily"], "conflicts": ["tier"]}


@pytest.mark.parametrize(
    ("wanted", "options", "cause"),
    [
        (node(tier=2, role="a"), {}, "changed here, left as it is: tier"),
        (node(tier=3, role="a"), {}, "in conflict, left as it is: tier"),
        (node(tier=3, role="b"), {}, "the template changed role; in conflict, left as it is: tier"),
        (node(tier=3, role="b"), {"overwrite": True}, "the template changed role; overwritten: tier"),
        (node(tier=3, role="b"), {"updates": False}, "differs, left as it is"),
        (node(tier=4, role="a"), {}, "live at the same place"),
    ],
)
def test_the_cause_says_what_becomes_of_the_fields(wanted: Node, options: dict[str, bool], cause: str) -> None:
    (row,) = plan(stored(node(tier=2, role="a"), node(tier=4, role="a")), wanted, **options).rows
    assert row.cause == cause


def test_the_last_line_says_how_many_stay_different() -> None:
    model = stored(node(tier=2), node(tier=4))
    same = "Plan: 0 to create, 1 to keep, 0 to remove. 1 stays different."
    assert [as_text(plan(model, node(tier=2), mode=mode)).split("\n")[-1] for mode in IMPORT_MODES] == [same, same]


@pytest.mark.parametrize(
    ("was", "wanted", "cause"),
    [
        (node(), node(role="tests"), "the template changed role"),
        (node(), node(runtime="other"), "the template changed runtime; restarts"),
        (node(), node(external=True), "the template changed external; its container goes, the data is kept"),
        (node(external=True), node(), "the template changed external; gets a container"),
    ],
)
def test_a_row_says_what_becomes_of_its_container(was: Node, wanted: Node, cause: str) -> None:
    model, want = stored(was), Template(name=OURS, workspaces=(wanted,))
    found = plan_import(have=model.live(), want=want, mode=Mode.RECONCILE, read=model.read, containers=RestartRule())
    assert found.rows[0].cause == cause
    answer = as_json(found, verdict=Policy(fraction=1).judge(found), first_status=FIRST)
    assert answer["updated"][0]["restarts"] is (";" in cause)


def test_the_cause_of_a_move_and_of_one_that_comes_along_says_it_too() -> None:
    model = stored(node())
    (top,) = model.rows
    model.add(Stored(parent=top, name="QA", says=node().declared(), declared=node().declared(), template=OURS))
    below = node(name="QA", role="tests")
    found = plan(model, node(name="Top", children=(node(tier=3, children=(below,)),)))
    assert [row.cause for row in found.result] == [
        "not live yet",
        "from Dev; the template changed tier",
        "comes along with Dev; the template changed role",
    ]


def test_a_schedule_made_by_hand_is_never_touched_by_overwrite_neither() -> None:
    model = stored(node(), by_hand=frozenset({"daily"}))
    found = plan(model, node(schedules=(DAILY,)), overwrite=True)
    assert (told(found), found.differs_count) == ({"conflicts": ["schedules.daily"]}, 1)


def test_what_another_template_declared_stays_its_own() -> None:
    model = stored(node(tier=2), template=OTHER)
    found = plan(model, node(tier=3))
    assert (told(found), found.noted) == ({"conflicts": ["tier"]}, ())


@pytest.mark.parametrize("tier", [2, 3])
def test_overwrite_takes_over_what_another_template_declared(tier: int) -> None:
    model = stored(node(tier=2), template=OTHER)
    model.carry_out(plan(model, node(tier=tier), overwrite=True))
    (row,) = model.rows.values()
    assert (row.template, row.says["tier"]) == (OURS, tier)


def test_a_template_that_was_renamed_keeps_what_it_declared() -> None:
    model = stored(node(tier=2), template=EARLIER)
    found = plan(model, node(tier=3), moves=False)
    assert told(found) == {"updated": ["tier"]}
    model.carry_out(found)
    assert next(iter(model.rows.values())).template == OURS


def test_what_it_named_under_its_earlier_name_alone_is_read_once_and_no_change() -> None:
    model = stored(node(), template=EARLIER)
    found = plan(model, node())
    assert (found.changes_nothing, len(found.noted)) == (True, 1)


def test_a_difference_that_somebody_took_back_is_forgotten() -> None:
    model = stored(node(), differs="conflict")
    model.carry_out(plan(model, node()))
    assert next(iter(model.rows.values())).differs == ""


def test_only_those_in_doubt_are_read() -> None:
    model, asked = stored(node()), []
    model.read = lambda ids: asked.append(set(ids)) or {}  # type: ignore[method-assign, func-returns-value]
    plan(model, node())
    assert asked == [set()]


# ---- retire


def several() -> Model:
    """Of the template, under both its names, by hand and of another template."""
    model, says = Model(), node().declared()
    whose_is = {"Kept": OURS, "Was ours": OURS, "Was before": EARLIER, "By hand": "", "Theirs": OTHER}
    for name, whose in whose_is.items():
        model.add(Stored(parent=None, name=name, says=says, declared=says if whose else None, template=whose))
    return model


def test_what_the_template_names_no_more_stays_and_the_row_says_whose_it_is() -> None:
    assert shown(several(), node(name="Kept")) == text("""
        = Kept        live at the same place
        · By hand     not in the template, made by hand
        · Theirs      not in the template, declared by Ops team
        · Was before  no longer declared by Old team
        · Was ours    no longer declared by Dev team
        Plan: 0 to create, 1 to keep, 0 to remove.
    """)


def test_retire_removes_what_it_declared_under_any_of_its_names() -> None:
    found = plan(several(), node(name="Kept"), retire=True)
    assert [(row.name, row.reason, row.cause) for row in found.removals] == [
        ("Was before", "retired", "no longer declared by Old team"),
        ("Was ours", "retired", "no longer declared by Dev team"),
    ]
    assert [row.why for row in found.untouched] == ["by_hand", "other_template"]


@pytest.mark.parametrize("nodes", [(), (node(name="Kept", spawning=False),)])
def test_an_empty_set_retires_nothing(nodes: tuple[Node, ...]) -> None:
    found = plan(several(), *nodes, retire=True)
    assert not found.removals
    assert "Reconcile removes nothing" in found.warnings[-1]


def test_below_a_retired_one_its_own_are_retired_and_others_collateral() -> None:
    model = Model()
    says = node().declared()
    model.add(Stored(parent=None, name="Kept", says=says, declared=says, template=OURS))
    top = model.add(Stored(parent=None, name="Team", says=says, declared=says, template=OURS))
    model.add(Stored(parent=top, name="Dev", says=says, declared=says, template=OURS))
    model.add(Stored(parent=top, name="Mine", says=says))
    found = plan(model, node(name="Kept"), retire=True)
    assert {row.name: str(row.reason) for row in found.removals} == {
        "Team": "retired", "Dev": "retired", "Mine": "collateral",
    }  # fmt: skip


def test_a_protected_one_is_held_and_is_not_running_twice() -> None:
    model = several()
    (key,) = [key for key, row in model.rows.items() if row.name == "Was ours"]
    model.rows[key] = replace(model.rows[key], protected=True)
    found = plan(model, node(name="Kept"), retire=True)
    assert [(row.name, row.cause) for row in found.held] == [("Was ours", "protected")]
    assert found.left_running == ()


# ---- the fingerprint


def test_the_fingerprint_covers_options_contents_and_the_last_run() -> None:
    model, want = stored(node(), node(tier=4)), Template(name=OURS, workspaces=(node(),))
    plans = [
        plan(model, node()),
        plan(model, node(), moves=False),
        plan(model, node(), updates=False),
        plan(model, node(), retire=True),
        plan(model, node(), overwrite=True),
        plan(stored(node(), node(tier=3)), node()),
        plan(stored(node(), node(tier=4), by_hand=frozenset({"x"})), node()),
        plan(stored(node(), node(tier=4), template=OTHER), node()),
        plan(stored(node(), node(tier=4), differs="conflict"), node()),
        model.plan(want, Mode.RECONCILE, ImportOptions.of(Mode.RECONCILE), last_run=UUID(int=9)),
    ]
    assert len({each.fingerprint for each in plans}) == len(plans)
    assert plans[0].fingerprint == plan(stored(node(), node(tier=4)), node()).fingerprint


def test_what_a_template_said_last_makes_an_old_fingerprint_stale() -> None:
    model = stored(None, node())
    first = plan(model, node())
    model.carry_out(first)
    assert plan(model, node()).fingerprint != first.fingerprint


def test_the_order_of_the_keys_is_no_change_of_the_plan() -> None:
    """A database may keep them in an order of its own."""
    model = stored(node(spec={"a": 1, "bb": 2}))
    turned = Model(rows={key: replace(row, says=_turned(row.says)) for key, row in model.rows.items()})
    want = node(spec={"a": 1, "bb": 3})
    assert plan(turned, want).fingerprint == plan(model, want).fingerprint


def _turned(value: Any) -> Any:
    return {key: _turned(value[key]) for key in reversed(value)} if isinstance(value, dict) else value
