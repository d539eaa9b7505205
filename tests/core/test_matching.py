"""Which live workspace is which node. Matches are compared as text: a line for each node that is not in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from textwrap import dedent
from typing import Any

from tests.trees import AFTER, BEFORE, Entries, Tree, live, renamed, template
from workspaces.core.names import SEPARATOR
from workspaces.core.planning.match_sides import LiveRows
from workspaces.core.planning.matching import Matching, match
from workspaces.core.planning.plan_values import Live, Rule

NOW = datetime(2026, 5, 12, tzinfo=UTC)


def matched(
    have: Tree | Sequence[Live], want: Tree, *, previously: Mapping[str, Entries] = {}, **options: Any
) -> Matching:
    rows = live(have) if isinstance(have, Mapping) else have
    return match(LiveRows(rows), renamed(template(want), previously), **options)


def text(have: Tree | Sequence[Live], want: Tree, **options: Any) -> str:
    """`PM › Dev  moved from Dev`; `+ PM › Dev` for a node that is none of the rows."""
    rows = live(have) if isinstance(have, Mapping) else have
    by_id = {row.id: row for row in rows}
    matching = matched(rows, want, **options)

    def trail(row: Live | None) -> str:
        names: list[str] = []
        while row:
            names.append(row.name)
            row = by_id.get(row.parent_id) if row.parent_id else None
        return SEPARATOR.join(reversed(names))

    lines = []
    for index, (node, parent) in enumerate(matching.nodes):
        names = [node.name]
        while parent is not None:
            names.append(matching.nodes[parent].node.name)
            parent = matching.nodes[parent].parent
        path, found = SEPARATOR.join(reversed(names)), matching.matches.get(index)
        if found is None:
            lines.append(f"+ {path}")
        elif found.rule is not Rule.IN_PLACE:
            lines.append(f"{path}  {found.rule} from {trail(found.live)}")
        elif path != trail(found.live):
            lines.append(f"{path}  comes along from {trail(found.live)}")
    return "\n" + "\n".join([*lines, *matching.warnings]) + "\n"


def said_text(block: str) -> str:
    return dedent(block)


def test_what_stands_in_its_place_is_matched_there() -> None:
    assert text(AFTER, AFTER) == "\n\n"


def test_a_subtree_below_another_lead_moves_and_what_is_below_comes_along() -> None:
    have = {"PM": {"Infra Lead": {"SRE": {}}, "Dev Lead": {}}}
    want = {"PM": {"Dev Lead": {"Infra Lead": {"SRE": {}}}}}
    assert text(have, want) == said_text("""
        PM › Dev Lead › Infra Lead  moved from PM › Infra Lead
        PM › Dev Lead › Infra Lead › SRE  comes along from PM › Infra Lead › SRE
    """)


def test_parent_and_child_change_places() -> None:
    assert text(BEFORE, AFTER) == said_text("""
        PM › Dev Lead  moved from PM › Infra Lead › Dev Lead
        PM › Dev Lead › Infra Lead  moved from PM › Infra Lead
        PM › Dev Lead › Infra Lead › SRE Engineer  comes along from PM › Infra Lead › SRE Engineer
        PM › Dev Lead › Infra Lead › Security Engineer  comes along from PM › Infra Lead › Security Engineer
        PM › Dev Lead › Backend Engineer  comes along from PM › Infra Lead › Dev Lead › Backend Engineer
        PM › Dev Lead › Frontend Engineer  comes along from PM › Infra Lead › Dev Lead › Frontend Engineer
        PM › Dev Lead › QA Engineer  comes along from PM › Infra Lead › Dev Lead › QA Engineer
        PM › Dev Lead › Technical Writer  comes along from PM › Infra Lead › Dev Lead › Technical Writer
    """)


def test_a_name_that_two_rows_carry_is_not_guessed() -> None:
    assert text({"A": {"QA": {}}, "B": {"QA": {}}, "C": {}}, {"C": {"QA": {}}}) == said_text("""
        + C › QA
        C › QA: two could be meant: A › QA, B › QA; name one with `previously`
    """)


def test_a_name_that_two_nodes_declare_is_not_guessed() -> None:
    assert text({"A": {}, "B": {}, "QA": {}}, {"A": {"QA": {}}, "B": {"QA": {}}}) == said_text("""
        + A › QA
        + B › QA
        QA could be any of A › QA, B › QA; say which with `previously`
    """)


def test_a_renamed_one_says_what_it_was() -> None:
    assert text({"PM": {"Coder": {}}}, {"PM": {"Developer": {}}}, previously={"Developer": ["Coder"]}) == said_text("""
        PM › Developer  previously from PM › Coder
    """)


def test_a_path_says_which_of_two_is_meant() -> None:
    have = {"A": {"QA": {}}, "B": {"QA": {}}, "C": {}}
    assert text(have, {"C": {"QA": {}}}, previously={"QA": [("B", "QA")]}) == said_text("""
        C › QA  previously from B › QA
    """)


def test_two_siblings_swap_their_names() -> None:
    have, want = {"PM": {"A": {"X": {}}, "B": {}}}, {"PM": {"A": {}, "B": {"X": {}}}}
    assert text(have, want, previously={"A": [("PM", "B")], "B": [("PM", "A")]}) == said_text("""
        PM › B › X  moved from PM › A › X
    """)


def test_a_whole_tree_below_a_new_root_moves() -> None:
    assert text({"Lead": {"Dev": {}}, "QA": {}}, {"CEO": {"Lead": {"Dev": {}}, "QA": {}}}) == said_text("""
        + CEO
        CEO › Lead  moved from Lead
        CEO › Lead › Dev  comes along from Lead › Dev
        CEO › QA  moved from QA
    """)


def test_two_that_claim_one_row_both_wait_for_a_person() -> None:
    answer = text({"Old": {}}, {"A": {}, "B": {}}, previously={"A": ["Old"], "B": ["Old"]})
    assert answer == said_text("""
        + A
        + B
        A, B: `previously` of each means Old; none of them is matched with it
    """)


def test_the_older_of_two_takes_the_place_and_the_younger_is_superseded() -> None:
    have = live({"PM": {"Dev Lead": {}, "QA": {}}, "QA": {}})
    rows = [row._replace(made=str(NOW if row.parent_id else NOW - timedelta(hours=1))) for row in have]
    matching = matched(rows, {"PM": {"Dev Lead": {}, "QA": {}}}, prefer_oldest=True)
    assert {found.rule for found in matching.matches.values()} == {Rule.IN_PLACE, Rule.OLDER}
    assert len(matching.superseded) == 1


def test_without_moves_previously_is_ignored_and_people_are_told() -> None:
    assert text({"Old": {}}, {"New": {}}, previously={"New": ["Old"]}, moves=False) == said_text("""
        + New
        `previously` is ignored, because moves are off: New
    """)


def test_where_nothing_live_is_meant_previously_is_not_missed() -> None:
    assert text({"P": {}}, {"P": {"New": {}}}, previously={"New": ["Old", ("P", "Old")]}, moves=False) == said_text("""
        + P › New
    """)
