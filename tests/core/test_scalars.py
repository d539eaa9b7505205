"""Plain scalars by YAML 1.2's core schema."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspaces.core.reading.scalars import resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None),
        ("true", True), ("True", True), ("TRUE", True), ("false", False),
        ("0", 0), ("-0", 0), ("+12", 12), ("017", 17), ("0o17", 15), ("0x1F", 31),
        ("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("-1e3", -1000.0), ("1E-2", 0.01),
    ],
)  # fmt: skip
def test_null_booleans_and_numbers_are_what_the_core_schema_says(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "no", "on", "yes", "off", "y", "nUlL", "tRUE", "1:30", "2020-01-02", "2020-13-45", "1_000", "0b1", "-0x1",
        "+", ".", "1.2.3", "0o8", "=", "--1", "1e", "..inf", "١٢",
    ],
)  # fmt: skip
def test_everything_else_is_text(text: str) -> None:
    assert resolve(text) == text


@pytest.mark.parametrize("text", ["9" * 5000, "0x" + "f" * 5000, str(2**63), str(-(2**63) - 1), "0" * 41])
def test_an_integer_beyond_64_bits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"integer is too large.*put it in quotes"):
        resolve(text)


@pytest.mark.parametrize("text", [str(2**63 - 1), str(-(2**63))])
def test_the_largest_integers_pass(text: str) -> None:
    assert str(resolve(text)) == text


@pytest.mark.parametrize("text", [".inf", "-.INF", "+.Inf", ".nan", ".NaN", "1e400", "-1e400", "9" * 400 + ".5"])
def test_what_is_no_finite_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="put it in quotes"):
        resolve(text)


@given(st.text())
def test_any_text_resolves_or_is_refused(text: str) -> None:
    try:
        value = resolve(text)
    except ValueError:
        return
    assert not isinstance(value, float) or math.isfinite(value)


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_an_integer_written_down_is_that_integer(number: int) -> None:
    assert resolve(str(number)) == number
