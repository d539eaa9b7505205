"""Both plans of a preview in one table: lines for nodes and for live workspaces, thin ones where a moved one stands."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.trees import AFTER, BEFORE, Tree, live, template
from workspaces.admin.plan.plan_lines import PlanLine, plan_lines
from workspaces.core.plan_words import WORDS
from workspaces.core.planning.import_options import ImportOptions, Prefer
from workspaces.core.planning.plan import Comparison
from workspaces.core.planning.plan_values import Live, Mode

OPTIONS = {Mode.MERGE: ImportOptions.of(Mode.MERGE), Mode.RECONCILE: ImportOptions.of(Mode.RECONCILE)}


def table(have: Collection[Live], want: Tree, *, merge: ImportOptions | None = None, **reconcile: Any) -> list[str]:
    """`- =  PM`: merge's sign, reconcile's, the name; · for what another line tells, in brackets a thin line."""
    comparison = Comparison(have=have, want=template(want))
    first = comparison.plan(Mode.MERGE, merge or OPTIONS[Mode.MERGE], contents={})
    second = comparison.plan(Mode.RECONCILE, ImportOptions.of(Mode.RECONCILE, **reconcile), contents={})
    return [_told(line) for line in plan_lines(second, merge=first).all]


def _told(line: PlanLine) -> str:
    merge = WORDS[line.merge.action].sign if line.merge else "–"
    name = "  " * line.depth + line.trail[-1]
    if line.thin:
        return f"{merge} ({name.strip()} {line.depth}, {line.left} left, {line.along} along)"
    return f"{merge} {WORDS[line.row.action].sign} {name}"


def test_an_evening_with_moves_has_thin_lines_where_they_stand_now() -> None:
    assert table(live(BEFORE), AFTER) == [
        "= = PM",
        "+ >   Dev Lead",
        "+ >     Infra Lead",
        "+ =       SRE Engineer",
        "+ =       Security Engineer",
        "+ =     Backend Engineer",
        "+ =     Frontend Engineer",
        "+ =     QA Engineer",
        "+ =     Technical Writer",
        "≠ (Infra Lead 1, 3 left, 2 along)",
        "≠ (Dev Lead 2, 5 left, 4 along)",
    ]


def test_the_younger_of_two_has_merge_s_answer_and_the_older_one_a_thin_line() -> None:
    older = live({"PM": {"Lab": {"Lead": {}}}})
    younger = live({"PM": {"Lead": {}}})[1]._replace(made="2026-01-01 00:00:00")
    assert table([*older, younger], {"PM": {"Lead": {}, "Lab": {}}}, prefer=Prefer.OLDEST) == [
        "= = PM",
        "– >   Lead",
        "= =   Lab",
        "≠ (Lead 2, 1 left, 0 along)",
        "= -   Lead",
    ]


def test_each_of_merge_s_rows_is_told_once() -> None:
    have, want = live({"A": {"X": {"Y": {}}, "Z": {}}, "B": {}}), {"B": {"X": {}}, "A": {"New": {}}}
    comparison = Comparison(have=have, want=template(want))
    merge = comparison.plan(Mode.MERGE, OPTIONS[Mode.MERGE], contents={})
    told = [line for line in table(have, want) if line[0] != "–"]
    assert len(told) == len(merge.rows) == 7


def test_where_merge_moves_too_both_plans_stand_in_one_line() -> None:
    moving = ImportOptions.of(Mode.MERGE, moves=True)
    assert table(live({"A": {"X": {}}, "B": {}}), {"A": {}, "B": {"X": {}}}, merge=moving) == [
        "= = A",
        "– (X 1, 0 left, 0 along)",
        "= = B",
        "> >   X",
    ]


def test_where_merge_alone_moves_it_is_told_at_the_new_place() -> None:
    moving = ImportOptions.of(Mode.MERGE, moves=True)
    assert table(live({"A": {"X": {}}, "B": {}}), {"A": {}, "B": {"X": {}}}, merge=moving, moves=False) == [
        "= = A",
        "– -   X",
        "= = B",
        "> +   X",
    ]


def test_what_comes_along_unnamed_has_one_line() -> None:
    assert table(live({"A": {"X": {"Mine": {}}}, "B": {}}), {"A": {}, "B": {"X": {}}}) == [
        "= = A",
        "≠ (X 1, 1 left, 1 along)",
        "= = B",
        "+ >   X",
        "· ·     Mine",
    ]
