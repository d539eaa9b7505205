"""The garbage collector waits while a plan is made, and goes on afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from threading import Event, Thread

import pytest

from orgsite import garbage


def test_nothing_is_collected_while_it_lasts_and_it_goes_on_after_an_error() -> None:
    seen = []

    @garbage.later()
    def work() -> None:
        seen.append(gc.isenabled())
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        work()
    assert (seen, gc.isenabled()) == ([False], True)


def test_it_waits_for_the_last_of_several_threads() -> None:
    begun, end = Event(), Event()

    def work() -> None:
        with garbage.later():
            begun.set()
            end.wait(10)

    other = Thread(target=work)
    with garbage.later():
        other.start()
        assert begun.wait(10)
    assert not gc.isenabled()
    end.set()
    other.join()
    assert gc.isenabled()


@pytest.fixture
def settled() -> Iterator[None]:
    before = gc.get_threshold()
    garbage.settle()
    yield
    gc.callbacks.remove(garbage._as_usual)
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("settled")
def test_what_was_made_is_looked_through_when_there_is_as_much_again() -> None:
    runs: list[int] = []
    gc.callbacks.append(note := lambda phase, info: runs.append(info["generation"]))
    with garbage.later():
        made = [[] for _ in range(3 * garbage.YOUNG)]
    made += [[] for _ in range(2 * garbage.YOUNG)]
    assert not runs
    made += [[] for _ in range(2 * garbage.YOUNG)]
    gc.callbacks.remove(note)
    assert runs[:2] == [0, 0]
    assert gc.get_threshold()[0] == garbage.YOUNG
