"""Text for people: clipped to one line, made into a sentence, numbers with their noun, lists of names. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def clip(text: str, length: int) -> str:
    """`text` in at most `length` characters, unprintable ones escaped, for one line of any output."""
    shown = _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text[: length + 1])
    return shown if len(shown) <= length else shown[: length - 1] + "…"


def sentence(text: str) -> str:
    """`text` with a capital letter first and a full stop last."""
    return f"{text[:1].upper()}{text[1:]}."


def plural(number: int, noun: str) -> str:
    """`1 workspace`, `8 workspaces`, `1,200 workspaces`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[str], *, most: int = 5) -> str:
    """`A`, `A and B`, `A, B and C`; of more than `most` names `A, B, C, D, E and 3 more`."""
    shown = [*names] if len(names) <= most else [*names[:most], f"{len(names) - most:,} more"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))
