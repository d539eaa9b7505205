"""What a name may hold, and what any text may."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspaces.core.names import clean_name, clean_text


def test_a_name_is_stripped_and_composed() -> None:
    assert clean_name("  Zoe\u0308 \n") == "Zo\u00eb"


@pytest.mark.parametrize("text", ["", "  ", "\u00a0\t"])
def test_an_empty_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        clean_name(text)


def test_255_characters_are_enough_for_a_name() -> None:
    assert clean_name("é" * 255 + " ") == "é" * 255
    with pytest.raises(ValueError, match="at most 255 characters, this one has 300"):
        clean_name("é" * 300)


def test_length_is_counted_after_composing() -> None:
    assert len(clean_name("e\u0301" * 255)) == 255


@pytest.mark.parametrize(
    "character",
    [
        "\0", "\x1f", "\n", "\t", "\x7f", "\x85", "\ud800", "\u2028", "\u2029",
        "\u061c", "\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069",
        "\u200b", "\u2060", "\u2064", "\ufeff", "\u180e", "\u00ad", "\U000e0001", "\U000e007f",
    ],
)  # fmt: skip
def test_characters_nobody_sees_are_refused_with_their_code_and_place(character: str) -> None:
    with pytest.raises(ValueError, match=rf"U\+{ord(character):04X} \(at position 3\)"):
        clean_name(f"PM{character}x")


@pytest.mark.parametrize("name", ["👩\u200d💻", "❤\ufe0f\u200d🔥 team", "نمی\u200cخواهم", "क्\u200dष"])
def test_joiners_pass_where_scripts_and_emoji_need_them(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize("name", ["P\u200dM", "\u200d👩", "👩\u200d", "👩\u200d a", "a\u200c👩", "👩\u200d\u200d💻"])
def test_a_joiner_at_an_edge_or_beside_ascii_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"U\+200[CD]"):
        clean_name(name)


def test_a_joiner_beside_what_becomes_ascii_is_refused() -> None:
    with pytest.raises(ValueError, match=r"U\+200D"):
        clean_name("\u212a\u200d👩")


@given(st.text())
def test_a_clean_name_is_clean_again(text: str) -> None:
    try:
        name = clean_name(text)
    except ValueError:
        return
    assert clean_name(name) == name == unicodedata.normalize("NFC", name)
    assert 1 <= len(name) <= 255
    name.encode()


def test_other_text_passes_as_it_is() -> None:
    text = " line\r\n\ttab \u202e 👩\u200d "
    assert clean_text(text) == text


@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_text_that_postgresql_can_not_store_is_refused(character: str) -> None:
    with pytest.raises(ValueError, match=rf"text must not contain U\+{ord(character):04X} \(at position 2\)"):
        clean_text(f"a{character}")
