"""Plain scalars by the core schema of YAML 1.2, https://yaml.org/spec/1.2.2/#103-core-schema.

PyYAML's own resolver follows YAML 1.1: it reads `no` as false, `017` as 15, `1:30` as 90 and a date as a date, and it
raises on `2020-13-45`. JSON's literals and numbers are a subset of these scalars.
"""

from __future__ import annotations

import math
import re

Scalar = None | bool | int | float | str

MAX_DIGITS = 40
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_START = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def resolve(text: str) -> Scalar:
    """The value of a plain scalar. Raises `ValueError` for a number that a database cannot store."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    if _INTEGER.fullmatch(text):
        return _integer(text, 10)
    if _BASED.fullmatch(text):
        return _integer(text, 0)
    if _FLOAT.fullmatch(text):
        return _finite(float(text))
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a finite number; for text put it in quotes")
    return text


def _integer(text: str, base: int) -> int:
    # Limit the digits first: int() takes quadratic time, and refuses more than 4,300 decimal digits.
    if len(text) <= MAX_DIGITS:
        number = int(text, base)
        if MIN_INTEGER <= number <= MAX_INTEGER:
            return number
    raise ValueError("the integer is too large (more than 64 bits); for text put it in quotes")


def _finite(number: float) -> float:
    if math.isfinite(number):
        return number
    raise ValueError("the number is too large; for text put it in quotes")
