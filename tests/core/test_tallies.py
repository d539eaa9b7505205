"""Counts that stop, as pages say them."""

from __future__ import annotations

from lib.bounded_count import COUNTED, Tally


def test_a_small_number_is_itself() -> None:
    assert str(Tally.of(8)) == "8"
    assert str(Tally.of(COUNTED)) == "10,000"


def test_beyond_what_is_counted_there_are_more() -> None:
    assert str(Tally.of(COUNTED + 1)) == "more than 10,000"


def test_what_is_added_to_more_stays_more() -> None:
    assert str(Tally.of(COUNTED + 1) + Tally.of(400)) == "more than 10,400"
    assert not Tally() + Tally()
