"""How far ids are settled, without a database: `_` is an id that nobody can see yet."""

from __future__ import annotations

import pytest

from audit.stream.settling import GRACE, Seen, Settling, Writers, beginning

NOBODY = Writers(oldest=100, next=100)


def seen(ids: str, writers: Writers | None = NOBODY) -> Seen:
    """Ids from text: `11 12 _ 14`."""
    return Seen(ids=[int(word) for word in ids.split() if word != "_"], writers=writers)


def writing(oldest: int, *, next: int) -> Writers:
    return Writers(oldest=oldest, next=next)


@pytest.fixture
def settling() -> Settling:
    """Settled up to 10, at time 0."""
    made = Settling()
    made.settled = 10
    return made


def test_ids_without_a_gap_are_settled_at_once(settling: Settling) -> None:
    assert settling.advance(seen("11 12 13", writing(90, next=100)), now=0) == 13


def test_a_gap_holds_what_comes_after_it(settling: Settling) -> None:
    assert settling.advance(seen("11 _ 13", writing(90, next=100)), now=0) == 11
    assert settling.advance(seen("_ 13 14", writing(90, next=105)), now=60) == 11


def test_a_late_commit_fills_the_gap(settling: Settling) -> None:
    settling.advance(seen("_ 12", writing(90, next=100)), now=0)
    assert settling.advance(seen("11 12", writing(99, next=100)), now=0.1) == 12


def test_what_is_missing_when_all_who_could_fill_it_have_ended_was_rolled_back(settling: Settling) -> None:
    settling.advance(seen("_ 12", writing(90, next=100)), now=0)
    assert settling.advance(seen("_ 12", writing(90, next=101)), now=GRACE) == 10
    assert settling.advance(seen("_ 12", writing(100, next=102)), now=GRACE + 1) == 10
    assert settling.advance(seen("_ 12", writing(101, next=103)), now=GRACE + 2) == 12


def test_who_had_an_id_but_no_number_yet_is_waited_for(settling: Settling) -> None:
    """The transaction 100 had taken the id 11 before it was a transaction with a number."""
    settling.advance(seen("_ 12", writing(100, next=100)), now=0)
    assert settling.advance(seen("_ 12", writing(100, next=101)), now=GRACE - 0.1) == 10
    assert settling.advance(seen("_ 12", writing(100, next=101)), now=GRACE) == 10
    assert settling.advance(seen("_ 12", writing(100, next=150)), now=GRACE + 60) == 10
    assert settling.advance(seen("11 12", writing(150, next=150)), now=GRACE + 61) == 12


def test_an_end_before_the_grace_is_over_settles_nothing(settling: Settling) -> None:
    settling.advance(seen("_ 12"), now=0)
    assert settling.advance(seen("_ 12"), now=GRACE - 0.01) == 10
    assert settling.advance(seen("_ 12"), now=GRACE) == 12


def test_gaps_one_after_the_other_do_not_add_up(settling: Settling) -> None:
    settling.advance(seen("_ 12"), now=0)
    settling.advance(seen("_ 12 _ 14"), now=0.5)
    assert settling.advance(seen("_ 12 _ 14"), now=GRACE) == 12
    assert settling.advance(seen("_ 14"), now=GRACE + 0.5) == 14


def test_a_gap_that_is_filled_leaves_the_next_one(settling: Settling) -> None:
    settling.advance(seen("_ 12 _ 14", writing(90, next=100)), now=0)
    assert settling.advance(seen("11 12 _ 14", writing(90, next=100)), now=0.1) == 12
    assert settling.advance(seen("_ 14", writing(100, next=100)), now=GRACE) == 14


def test_at_first_nothing_is_settled_until_all_who_wrote_have_ended() -> None:
    settling = Settling()
    settling.begin(seen("50 49 45", writing(90, next=100)), now=0)
    assert settling.advance(seen("", writing(90, next=100)), now=GRACE) is None
    assert settling.advance(seen("", writing(99, next=110)), now=GRACE + 1) is None
    assert settling.advance(seen("", writing(100, next=110)), now=GRACE + 2) == 50


def test_an_empty_table_is_settled() -> None:
    settling = Settling()
    settling.begin(seen(""), now=0)
    assert settling.settled == 0
    assert settling.advance(seen("_ 2", writing(90, next=100)), now=0) == 0


def test_with_one_writer_ids_come_in_order() -> None:
    settling = Settling()
    settling.begin(seen("5 4", None), now=0)
    assert settling.settled == 5
    assert settling.advance(seen("6 _ 9", None), now=0) == 9
    assert settling.advance(seen("", None), now=0) == 9


@pytest.mark.parametrize(
    ("newest", "writers", "after", "known"),
    [
        ("", NOBODY, 0, ""), ("9 8 4", NOBODY, 9, ""), ("9 8 4", None, 9, ""), ("9 8 7", writing(1, next=2), 9, ""),
        ("9 8 4 3", writing(1, next=2), 4, "8 9"), ("9 7 6 4", writing(1, next=2), 4, "6 7 9"),
    ],
)  # fmt: skip
def test_somebody_new_hears_what_is_being_written_and_not_what_was(
    newest: str, writers: Writers | None, after: int, known: str
) -> None:
    start = beginning(seen(newest, writers))
    assert (start.after, sorted(start.known)) == (after, [int(word) for word in known.split()])
