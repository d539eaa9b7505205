"""The garbage collector waits while a plan is made, and what that leaves behind is bounded."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from threading import Event, Thread
from weakref import ref

import pytest

from lib import gc_tuning

MIB = 1024 * 1024


class Cycle:
    """Only the collector finds it."""

    def __init__(self, size: int) -> None:
        self.content, self.itself = b"x" * size, self


def test_nothing_is_collected_while_it_lasts_and_it_goes_on_after_an_error() -> None:
    seen = []

    @gc_tuning.paused()
    def work() -> None:
        seen.append(gc.isenabled())
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        work()
    assert (seen, gc.isenabled()) == ([False], True)


def test_it_waits_for_the_last_of_several_threads() -> None:
    begun, end = Event(), Event()

    def work() -> None:
        with gc_tuning.paused():
            begun.set()
            end.wait(10)

    other = Thread(target=work)
    with gc_tuning.paused():
        other.start()
        assert begun.wait(10)
    assert not gc.isenabled()
    end.set()
    other.join()
    assert gc.isenabled()


def _give_back_free_memory() -> None:
    """What earlier tests left free would take in new values, and the process would not grow."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


@pytest.fixture
def settled() -> Iterator[None]:
    before = gc.get_threshold()
    gc.collect()
    _give_back_free_memory()
    gc_tuning.freeze_loaded()
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("settled")
def test_a_large_plan_is_not_searched_when_it_is_complete() -> None:
    runs: list[int] = []
    gc.callbacks.append(note := lambda phase, info: runs.append(info["generation"]))
    with gc_tuning.paused():
        made = [[] for _ in range(3 * gc_tuning.YOUNG)]
    made += [[] for _ in range(gc_tuning.YOUNG // 2)]
    assert not runs
    made += [[] for _ in range(gc_tuning.YOUNG)]
    gc.callbacks.remove(note)
    assert runs[:2] == [0, 0]


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("values", [10, 500, 3 * gc_tuning.YOUNG])
def test_plans_one_after_the_other_never_put_the_next_collection_off_further(values: int) -> None:
    for _ in range(20):
        with gc_tuning.paused():
            made = [[] for _ in range(values)]
        assert made
        assert (gc.get_threshold(), gc.isenabled()) == ((gc_tuning.YOUNG, *gc_tuning.OLDER), True)
        assert gc.get_count()[0] <= gc_tuning.YOUNG


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(("number", "size"), [(1, 64 * MIB), (64, MIB), (300_000, 100)])
def test_few_large_values_count_as_much_as_many_small_ones(number: int, size: int) -> None:
    watch = gc_tuning.MemoryWatch()
    with gc_tuning.paused():
        left = [ref(Cycle(size)) for _ in range(number)]
        gc.freeze()
    assert any(each() for each in left)
    assert watch.collect_if_due()
    assert not any(each() for each in left)


@pytest.mark.usefixtures("settled")
def test_a_process_that_has_not_grown_is_left_alone() -> None:
    watch = gc_tuning.MemoryWatch()
    assert not watch.collect_if_due()


@pytest.mark.usefixtures("settled")
def test_a_process_whose_size_nobody_says_is_searched_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc_tuning, "resident", lambda: 0)
    watch = gc_tuning.MemoryWatch()
    assert not watch.collect_if_due()
    monkeypatch.setattr(gc_tuning, "AT_LEAST", 0.0)
    assert watch.collect_if_due()


@pytest.mark.usefixtures("settled")
def test_plans_that_overlap_keep_a_collection_waiting_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = gc_tuning.MemoryWatch()
    with gc_tuning.paused():
        left = ref(Cycle(64 * MIB))
        assert not watch.collect_if_due()
        monkeypatch.setattr(gc_tuning, "LONGEST_PAUSE", 0.0)
        assert watch.collect_if_due()
    assert left() is None


@pytest.mark.usefixtures("settled")
def test_collections_leave_the_process_most_of_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc_tuning, "GROWN", -1)
    monkeypatch.setattr(gc_tuning, "SHARE", 1_000_000)
    watch = gc_tuning.MemoryWatch()
    assert [watch.collect_if_due() for _ in range(3)] == [True, False, False]
