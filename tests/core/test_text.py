"""Numbers with their noun, lists of names."""

from __future__ import annotations

import pytest

from lib.text import listed, plural


@pytest.mark.parametrize(("number", "words"), [(0, "0 names"), (1, "1 name"), (8, "8 names"), (1_200, "1,200 names")])
def test_a_number_has_its_noun(number: int, words: str) -> None:
    assert plural(number, "name") == words


@pytest.mark.parametrize(
    ("names", "words"),
    [("", ""), ("A", "A"), ("AB", "A and B"), ("ABC", "A, B and C"), ("ABCDE", "A, B, C and 2 more")],
)
def test_names_are_listed_as_people_do(names: str, words: str) -> None:
    assert listed([*names], most=3) == words
