"""The lines of a plan: what happens to each workspace, what is left different, and what a person confirms."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.management.base import OutputWrapper
from django.core.management.color import no_style

from tests.texts import inline
from tests.trees import AFTER, BEFORE, live, template
from workspaces.core.containers.restart_rule import RestartRule
from workspaces.core.planning.field_diff import Content
from workspaces.core.planning.import_options import ImportOptions
from workspaces.core.planning.plan import plan_import
from workspaces.core.planning.plan_values import Mode, Plan
from workspaces.management.plan_printing import print_plan, question, questions

FIRST = "{name: PM, role: plans, children: [{name: QA, tier: 2}]}"


def printed(plan: Plan) -> str:
    out = io.StringIO()
    print_plan(plan, OutputWrapper(out), no_style())
    return out.getvalue()


def planned(
    want: str, *, mode: Mode = Mode.RECONCILE, restarts: bool = False, edited: Mapping[str, Any] = {}, **options: Any
) -> Plan:
    """FIRST is live as it was declared, but for what people `edited` in PM; the plan imports `want`."""
    rows = {row.name: row for row in live({"PM": {"QA": {}}})}
    have, contents = [], {}
    for node in inline(f"name: Dev\nworkspaces: [{FIRST}]").walk():
        row, changed = rows[node.name], edited if node.name == "PM" else {}
        have.append(row._replace(template="Dev", declared_digest=node.digest, differs="drift" if changed else ""))
        contents[row.id] = Content({**node.declared(), **changed}, node.declared(), template="Dev")
    return plan_import(
        have=have, want=inline(f"name: Dev\nworkspaces: {want}"), mode=mode, options=ImportOptions.of(mode, **options),
        read=lambda _: contents, containers=RestartRule(runs=restarts, delivers=False),
    )  # fmt: skip


def test_updates_and_moves_have_lines_of_their_own() -> None:
    assert printed(planned("[{name: PM, role: leads}, {name: QA, tier: 3}]")) == (
        "~ PM  the template changed role\n"
        "> QA  from PM › QA; the template changed tier\n"
        "Plan: 0 to create, 0 to keep, 1 to update, 1 to move, 0 to remove.\n"
    )


def test_a_restart_and_what_people_changed_are_said_in_the_line() -> None:
    plan = planned(
        "[{name: PM, role: leads, runtime: new, children: [{name: QA}]}]", restarts=True, edited={"role": "sings"}
    )
    line, *_, last = printed(plan).splitlines()
    assert line == "~ PM    the template changed runtime; in conflict, left as it is: role; restarts"
    assert last.endswith("1 stays different.")


def test_merge_says_last_what_stays_running_twice_and_what_stays_different() -> None:
    plan = planned("[{name: PM, role: leads}, {name: QA}]", mode=Mode.MERGE)
    last = printed(plan).splitlines()[-1]
    assert last == "Plan: 1 to create, 1 to keep, 0 to remove. 1 stays running twice, 1 stays different."


def test_a_key_cannot_write_to_the_terminal() -> None:
    plan = planned('[{name: PM, role: plans, "a\\e[31mb": 1, children: [{name: QA}]}]')
    assert "\x1b" not in printed(plan)
    assert "the template changed spec.a\\u001b[31mb" in printed(plan)


# ---- what a person confirms


@pytest.mark.parametrize(
    ("want", "restarts", "asked"),
    [
        (f"[{FIRST}]", True, None),
        ("[{name: PM, role: leads, children: [{name: QA}]}]", False, None),
        ("[{name: PM, role: leads, children: [{name: QA}]}]", True, (1, "workspaces to restart")),
        ("[{name: PM, role: plans}, {name: QA}]", True, (1, "workspaces to move")),
        ("[{name: PM, role: leads}, {name: QA}]", True, (2, "workspaces to move or restart")),
        ("[{name: PM, role: leads}, {name: QA, tier: 3}]", True, (2, "workspaces to move or restart")),
    ],
)
def test_moves_and_restarts_are_confirmed_together(want: str, restarts: bool, asked: Any) -> None:
    assert question(planned(want, restarts=restarts)) == asked


def test_the_numbers_of_several_plans_are_asked_together() -> None:
    moving = planned("[{name: PM, role: plans}, {name: QA}]")
    assert questions(moving, planned(f"[{FIRST}]"), moving) == [(2, "workspaces to move")]


def test_removals_come_first() -> None:
    chosen = ImportOptions.of(Mode.RECONCILE, moves=False)
    plan = plan_import(have=live(BEFORE), want=template(AFTER), mode=Mode.RECONCILE, options=chosen)
    assert question(plan) == (8, "workspaces to remove")
