"""The garbage collector waits while a plan is made, and goes on afterwards."""

from __future__ import annotations

import gc
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
