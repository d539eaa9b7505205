"""What a name and any other text may hold.

A name is an identity: two names that look alike must not differ. So it is stripped, brought to Unicode's composed form
(NFC, https://unicode.org/reports/tr15/) and kept free of characters nobody sees.
"""

from __future__ import annotations

import re
import unicodedata

MAX_NAME = 255

_NEVER_IN_NAMES = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # control characters
    "\u2028\u2029\ud800-\udfff"  # line and paragraph separator, surrogates
    "\u061c\u200e\u200f\u202a-\u202e"  # they change the direction of what follows
    "\u00ad\u180e\u200b\u2060-\u206f\ufeff"  # no width at all (and the directional isolates)
    "\U000e0000-\U000e007f"  # tags
    "]"
)
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f")  # of a region: a black flag spelled out in tags
_JOINERS = "\u200c\u200d"
_STRAY_JOINER = re.compile(f"(?:^|(?<=[\x00-\x7f{_JOINERS}]))[{_JOINERS}]|[{_JOINERS}](?=[\x00-\x7f]|$)")
_NEVER_IN_TEXT = re.compile("[\x00\ud800-\udfff]")


def clean_name(text: str) -> str:
    """The name as it is stored: stripped, NFC, 1–255 characters.

    Raises `ValueError` where it is empty, too long, or holds a control, direction or invisible character. The joiners
    U+200C and U+200D pass between two characters outside ASCII, where scripts and emoji need them.
    """
    name = text.strip()
    if not (name.isascii() and name.isprintable()):
        name = unicodedata.normalize("NFC", name)
        _refuse(_NEVER_IN_NAMES.search(_FLAG.sub("\U0001f3f4", name)) or _STRAY_JOINER.search(name), "a name")
    if not name:
        raise ValueError("a name must not be empty")
    if len(name) > MAX_NAME:
        raise ValueError(f"a name must have at most {MAX_NAME} characters, this one has {len(name):,}")
    return name


def unseen(text: str) -> str:
    """The first control, direction or invisible character of `text`, as U+XXXX; "" where there is none."""
    match = None if text.isascii() and text.isprintable() else _NEVER_IN_NAMES.search(text)
    return f"U+{ord(match[0]):04X}" if match else ""


def clean_text(text: str) -> str:
    """`text` itself. Raises `ValueError` where PostgreSQL could not store it: for NUL and for half a surrogate pair."""
    if "\0" in text or not text.isascii():
        _refuse(_NEVER_IN_TEXT.search(text), "text")
    return text


def _refuse(match: re.Match[str] | None, what: str) -> None:
    if match:
        raise ValueError(f"{what} must not contain U+{ord(match[0]):04X} (at position {match.start() + 1:,})")
