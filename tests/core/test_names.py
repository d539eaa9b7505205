"""What a name may hold, and what any text may."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unicode import perl_code_points
from workspaces.core import characters
from workspaces.core.names import SPACES, clean_name, clean_text, fold_spaces, unseen

EVERY = [chr(code) for code in range(sys.maxunicode + 1)]


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


@pytest.mark.parametrize("name", ["نمی\u200cخواهم", "क्\u200dष", "क्\u200cष", "ශ්\u200dරී"])
def test_joiners_pass_where_scripts_need_them(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "👩\u200d💻", "❤\ufe0f\u200d🔥 team", "❤\ufe0e", "🏳\ufe0f\u200d🌈",
        "👨\u200d👩\u200d👧\u200d👦", "👁\ufe0f\u200d🗨\ufe0f",
        "🧑🏿\u200d🤝\u200d🧑🏻", "⛹🏽\u200d♀\ufe0f", "🏴\u200d☠\ufe0f", "👍🏽 ok",
        "🇩🇪", "1\ufe0f\u20e3", "#\ufe0f\u20e3 ops",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "Team ©", "™", "e\u0301\u0323\u20e3 ok",
    ],
)  # fmt: skip
def test_sequences_of_emoji_stay_as_they_are(name: str) -> None:
    assert clean_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name",
    [
        "PM\ufe0f", "\ufe0f", "1\ufe0f", "é\ufe0f", "葛\U000e0100", "👩\ufe0f\ufe0f", "👩\ufe01",
        "é\u200dé", "é\u200cé",
        "🏴\U000e0067\U000e007f", "🏴\U000e0067\U000e0062\U000e0065", "👩\U000e0067\U000e0062\U000e0065\U000e007f",
        "\U00100000\u200c\U00100001",
    ],
)  # fmt: skip
def test_what_belongs_to_sequences_is_refused_elsewhere(name: str) -> None:
    with pytest.raises(ValueError, match="must not contain U"):
        clean_name(name)


@pytest.mark.parametrize("space", SPACES)
def test_every_space_is_the_same_space(space: str) -> None:
    assert clean_name(f"{space}Data{space}Analyst{space}") == "Data Analyst"
    assert clean_name(f"Data {space}\u00a0 Analyst") == fold_spaces(f"Data{space}{space}Analyst") == "Data Analyst"


def test_spaces_are_those_of_unicode() -> None:
    assert [character for character in EVERY if unicodedata.category(character) == "Zs"] == list(SPACES)


def test_a_name_that_begins_as_another_one_ends_with_a_space_of_its_own() -> None:
    assert clean_name("a b") == "a b"
    assert clean_name("a\u3000b\u2009 c") == "a b c"


@pytest.mark.parametrize("name", [*"\u3164\u115f\u1160\uffa0\u2800\u034f\ufffc\u17b4\U0001d159\U000e0001"])
def test_what_shows_as_nothing_is_refused_alone_and_within(name: str) -> None:
    for text in (name, f"Data{name}Analyst", f"{name}PM", f"PM{name}"):
        with pytest.raises(ValueError, match=rf"U\+{ord(name):04X}"):
            clean_name(text)


@pytest.mark.parametrize("name", ["\u0301", "\u0301 \u0323"])
def test_marks_without_a_letter_are_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="marks alone"):
        clean_name(name)


def test_every_ignorable_character_noncharacter_and_control_is_refused() -> None:
    refused = re.compile(f"[{characters.DEFAULT_IGNORABLE}{characters.NONCHARACTERS}]")
    never = [each for each in EVERY if unicodedata.category(each) in ("Cc", "Zl", "Zp", "Cs") or refused.match(each)]
    assert all(unseen(f"a{each}b") == f"U+{ord(each):04X}" for each in never)


def test_every_direction_and_format_character_is_refused_unless_it_is_drawn() -> None:
    drawn = {chr(code) for low, high in DRAWN for code in range(low, high + 1)}
    formats = {each for each in EVERY if unicodedata.category(each) == "Cf"}
    directions = {each for each in EVERY if unicodedata.bidirectional(each) in DIRECTIONS}
    assert {each for each in formats | directions if not unseen(f"a{each}b")} <= drawn


DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
DRAWN = [  # numbers, verses and hieroglyphs around which they are written
    (0x600, 0x605), (0x6DD, 0x6DD), (0x70F, 0x70F), (0x890, 0x891), (0x8E2, 0x8E2), (0x110BD, 0x110BD),
    (0x110CD, 0x110CD), (0x13430, 0x1345F),
]  # fmt: skip


def test_the_table_of_ignorable_characters_is_the_one_of_unicode() -> None:
    if known := perl_code_points("Default_Ignorable_Code_Point"):
        inside = re.compile(f"[{characters.DEFAULT_IGNORABLE}]")
        assert {ord(each) for each in EVERY if inside.match(each)} == known


def test_a_long_text_of_joiners_is_looked_through_once() -> None:
    with pytest.raises(ValueError, match=r"must not contain U\+200C|at most 255"):
        clean_name("ب" + ("\u0651" * 20 + "\u200cب") * 20_000)


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
