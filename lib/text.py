"""Text for people: clipped to one line, or made into a sentence. Pure."""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def clip(text: str, length: int) -> str:
    """`text` in at most `length` characters, unprintable ones escaped, for one line of any output."""
    shown = _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text[: length + 1])
    return shown if len(shown) <= length else shown[: length - 1] + "…"


def sentence(text: str) -> str:
    """`text` with a capital letter first and a full stop last."""
    return f"{text[:1].upper()}{text[1:]}."
