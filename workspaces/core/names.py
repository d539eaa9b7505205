"""The characters allowed in a name and in any other text.

A name is an identity: two names that look the same must be the same. So it is stripped, brought to Unicode's composed
form (NFC, https://unicode.org/reports/tr15/), written with one kind of space, and may have no invisible characters.
Unicode's properties define these; joiners and variation selectors are allowed where an emoji or a script needs them.
"""

from __future__ import annotations

import re
import unicodedata

import idna

from workspaces.core.characters import DEFAULT_IGNORABLE, NONCHARACTERS, PICTOGRAPHS

MAX_NAME = 255
SEPARATOR = " › "
"""Between the names of a path."""

SPACES = "".join(character for character in map(chr, range(0x10000)) if unicodedata.category(character) == "Zs")
"""All characters of the category Zs; there are none beyond U+FFFF."""

_SPACES = re.compile(f"[{SPACES}]+")
_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"  # Cc, Zl, Zp and Cs: fixed in all versions of Unicode
# Braille without a dot, fillers and marks that no font shows: invisible, but no property of Unicode says so
_BLANKS = "\u2800\ufff9-\ufffc\U00013441\U00013442\U00016fe4\U0001d159"
_UNSEEN = re.compile(f"[{_CONTROLS}{DEFAULT_IGNORABLE}{NONCHARACTERS}{_BLANKS}]")
_JOINERS = "\u200c\u200d"
_NEAR = 16  # characters
# The sequences of https://unicode.org/reports/tr51/: a region's flag in tags, a keycap, pictographs with a presentation
# selector or a skin tone, joined or alone
_PICTOGRAPH = f"[{PICTOGRAPHS}](?:[\ufe0e\ufe0f]|[\U0001f3fb-\U0001f3ff]\ufe0f?)?"
_EMOJI = re.compile(
    "\U0001f3f4[\U000e0061-\U000e007a]{2}[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,3}\U000e007f"
    "|[0-9#*][\ufe0e\ufe0f]?\u20e3"
    f"|{_PICTOGRAPH}(?:\u200d{_PICTOGRAPH})*"
)
_NEVER_IN_TEXT = re.compile("[\x00\ud800-\udfff]")


def clean_name(text: str) -> str:
    """The name as it is stored: stripped, NFC, each run of spaces one U+0020, 1–255 characters.

    Raises `ValueError` if it is empty, too long, or has a control, direction or invisible character.
    """
    name = sought_name(text)
    if not name:
        raise ValueError("a name must not be empty")
    if len(name) > MAX_NAME:
        raise ValueError(f"a name must have at most {MAX_NAME} characters, this one has {len(name):,}")
    if not (name.isascii() and name.isprintable()):
        _refuse(_first_unseen(name), "a name")
        if all(unicodedata.category(character)[0] in "MZ" for character in name):
            raise ValueError("a name must not consist of marks alone")
    return name


def fold_spaces(text: str) -> str:
    """`text` with one U+0020 for each run of spaces of any width: the form in which names are compared.

    Names stored by an earlier version may still have other spaces.
    """
    return text if text.isascii() and "  " not in text else _SPACES.sub(" ", text)


def sought_name(text: str) -> str:
    """A search text in the form of names: NFC, stripped, spaces folded. Accepts any text."""
    return fold_spaces(text if text.isascii() else unicodedata.normalize("NFC", text)).strip()


def unseen(text: str) -> str:
    """The first control, direction or invisible character of `text`, as U+XXXX; "" if there is none."""
    match = None if text.isascii() and text.isprintable() else _first_unseen(text)
    return f"U+{ord(match[0]):04X}" if match else ""


def clean_text(text: str) -> str:
    """`text` itself. Raises `ValueError` for what PostgreSQL cannot store: NUL and lone surrogates."""
    if "\0" in text or not text.isascii():
        _refuse(_NEVER_IN_TEXT.search(text), "text")
    return text


def _first_unseen(text: str) -> re.Match[str] | None:
    if not _UNSEEN.search(text):
        return None
    without_emoji = _EMOJI.sub(lambda match: "#" * len(match[0]), text)
    return next((match for match in _UNSEEN.finditer(without_emoji) if not _joins(text, match)), None)


def _joins(text: str, match: re.Match[str]) -> bool:
    """Whether the match is a joiner that changes the shape of the letters beside it (RFC 5892, appendix A)."""
    if match[0] not in _JOINERS:
        return False
    start = max(0, match.start() - _NEAR)  # no script needs more, and idna would scan all of a long text
    try:
        return idna.valid_contextj(text[start : match.start() + _NEAR], match.start() - start)
    except ValueError:  # an unassigned character beside it
        return False


def _refuse(match: re.Match[str] | None, what: str) -> None:
    if match:
        raise ValueError(f"{what} must not contain U+{ord(match[0]):04X} (at position {match.start() + 1:,})")
