"""One meaning of searching: by name, by path, by the beginning of an id."""

from __future__ import annotations

from uuid import UUID

import pytest

from workspaces.core.search import Search

LEAD = ("PM", "Dev Lead", "QA Engineer")


@pytest.mark.parametrize(
    "text", ["qa", "ENGINEER", "Dev Lead › qa", "lead ›QA E", "M › Dev Lead › QA", "Dev Lead ›", "› QA"]
)
def test_a_workspace_is_found_by_its_name_and_its_path(text: str) -> None:
    assert Search(text).finds(LEAD)


@pytest.mark.parametrize(
    "text", ["dev", "PM › QA", "Dev › QA", "PM › Dev Lead", "Lead › engineer", "X › PM › Dev Lead › QA"]
)
def test_what_stands_in_the_path_above_alone_is_not_enough(text: str) -> None:
    assert not Search(text).finds(LEAD)


def test_spaces_and_case_make_no_difference() -> None:
    assert Search("dev lead").finds(("Dev\u00a0 LEAD",))


KEY = UUID("0f8e2c1a-5b7d-4c3e-9a6f-1d2b3c4d5e6f")


@pytest.mark.parametrize("text", ["0f8e", "0F8E-2c1a", KEY.hex])
def test_an_id_is_found_by_how_it_begins(text: str) -> None:
    assert Search(text).begins(KEY)


@pytest.mark.parametrize("text", ["", "0f8", "0f8f", "QA Engineer", f"{KEY.hex}0"])
def test_any_other_text_is_no_beginning_of_it(text: str) -> None:
    assert not Search(text).begins(KEY)
