"""How far ids are settled, without a database: `_` is an id that nobody can see yet, `a` a transaction that writes."""

from __future__ import annotations

import pytest

from audit.stream.watermark import Settling, Writers, beginning


def ids(text: str) -> list[int]:
    """From `11 12 _ 14`."""
    return [int(word) for word in text.split() if word != "_"]


def writers(text: str) -> Writers:
    """From `a b`."""
    return frozenset(text.split())


@pytest.fixture
def settling() -> Settling:
    """Settled up to 10."""
    made = Settling()
    made.settled = 10
    return made


def look(settling: Settling, seen: str, writing: str = "") -> int | None:
    """What is settled after ids were read and, at a gap, writers asked."""
    if settling.run_on(ids(seen)):
        settling.wait(ids(seen)[-1], writers(writing))
    return settling.settled


def test_ids_without_a_gap_are_settled_whoever_writes(settling: Settling) -> None:
    assert look(settling, "11 12 13", "a") == 13
    assert look(settling, "") == 13


def test_who_writes_is_asked_at_a_gap_alone(settling: Settling) -> None:
    assert not settling.run_on([])
    assert not settling.run_on(ids("11 12"))
    assert settling.run_on(ids("13 _ 15"))
    assert settling.run_on(ids("_ 15"))


def test_a_gap_that_nobody_can_fill_is_settled_at_once(settling: Settling) -> None:
    assert look(settling, "_ 12 _ 14") == 14


def test_a_gap_holds_what_comes_after_it(settling: Settling) -> None:
    assert look(settling, "11 _ 13", "a") == 11
    assert look(settling, "_ 13 14", "a") == 11


def test_a_late_commit_fills_the_gap(settling: Settling) -> None:
    look(settling, "_ 12", "a")
    assert look(settling, "11 12") == 12


def test_what_is_missing_when_all_who_could_fill_it_have_ended_was_rolled_back(settling: Settling) -> None:
    look(settling, "_ 12", "a b")
    assert look(settling, "_ 12", "b") == 10
    assert look(settling, "_ 12", "c") == 12


def test_a_gap_that_is_filled_leaves_the_next_one(settling: Settling) -> None:
    look(settling, "_ 12 _ 14", "a b")
    assert look(settling, "11 12 _ 14", "b") == 12
    assert look(settling, "_ 14", "c") == 14


def test_a_later_gap_does_not_wait_for_an_earlier_one(settling: Settling) -> None:
    look(settling, "_ 12", "a")
    look(settling, "_ 12 _ 14", "a b")
    assert look(settling, "_ 12 _ 14", "b c") == 12
    assert look(settling, "_ 14 _ 16", "c d") == 14


def test_what_went_by_is_not_gone_back_to(settling: Settling) -> None:
    look(settling, "_ 12", "a")
    assert look(settling, "11 12 13") == 13
    assert look(settling, "_ 15", "b") == 13


def test_writers_who_overlap_without_end_hold_nothing_for_ever(settling: Settling) -> None:
    for number in range(1, 100):
        settling.wait(10 + number, writers(f"{number} {number + 1}"))
        assert settling.settled == max(10, 10 + number - 2)


def test_one_who_takes_long_costs_one_wait_however_many_write_meanwhile(settling: Settling) -> None:
    for place in range(12, 1_000):
        settling.wait(place, writers(f"long {place} {place + 1}"))
        assert len(settling.waits) <= 3
    assert settling.settled == 10
    settling.wait(1_000, writers("999 1000"))
    assert settling.settled == 997


def test_at_first_nothing_is_settled_until_all_who_wrote_have_ended() -> None:
    settling = Settling()
    settling.wait(50, writers("a b"))
    settling.wait(52, writers("b c"))
    assert settling.settled is None
    settling.wait(53, writers("c d"))
    assert settling.settled == 50


def test_where_nobody_writes_at_first_the_highest_id_is_settled() -> None:
    settling = Settling()
    settling.wait(50, writers(""))
    assert settling.settled == 50


@pytest.mark.parametrize(
    ("newest", "writing", "after", "known"),
    [
        ("", "", 0, ""), ("9 8 4", "", 9, ""), ("9 8 7", "a", 9, ""), ("", "a", 0, ""),
        ("9 8 4 3", "a", 4, "8 9"), ("9 7 6 4", "a b", 4, "6 7 9"),
    ],
)  # fmt: skip
def test_somebody_new_hears_what_is_being_written_and_not_what_was(
    newest: str, writing: str, after: int, known: str
) -> None:
    start = beginning(ids(newest), writers(writing))
    assert (start.after, sorted(start.known)) == (after, ids(known))
