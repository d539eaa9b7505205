"""Trees in order: parents, ancestors, sizes, pages."""

from __future__ import annotations

from workspaces.core.tree_order import Forest

FAMILY = {"A": None, "E": None, "B": "A", "D": "A", "C": "B", "X": "gone"}  # siblings in order, name → parent
TREES: Forest[str] = Forest.grown(FAMILY, key=str, parent=lambda name: FAMILY[name])


def test_rows_stand_depth_first_with_their_parents() -> None:
    assert list(TREES.rows) == ["A", "B", "C", "D", "E", "X"]
    assert list(TREES.parents) == [None, 0, 1, 0, None, None]


def test_what_lies_below_is_counted() -> None:
    assert list(TREES.sizes) == [3, 1, 0, 0, 0, 0]
    assert [TREES.tree(root) for root in TREES.roots] == [range(4), range(4, 5), range(5, 6)]


def test_a_trail_leads_from_the_root() -> None:
    assert TREES.trails(str)[2] == ("A", "B", "C")


def test_rows_come_with_what_they_stand_below() -> None:
    assert TREES.with_ancestors([2, 5]) == [0, 1, 2, 5]


def test_a_page_begins_with_what_its_first_row_stands_below() -> None:
    page = TREES.page(range(6), number=2, size=2)
    assert (list(page.context), list(page.rows), list(page.rest)) == ([0, 1], [2, 3], [4, 5])


def test_a_cycle_is_left_out() -> None:
    trees: Forest[str] = Forest.grown("AB", key=str, parent={"A": "B", "B": "A"}.get)
    assert list(trees.rows) == []
