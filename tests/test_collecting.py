"""The collector of garbage rests as long as anybody asks for it, and no longer."""

from __future__ import annotations

import gc

import pytest

from orgsite.collecting import collector_paused


def test_it_works_again_once_the_last_one_has_left() -> None:
    with collector_paused():
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_does_not_leave_it_out() -> None:
    with pytest.raises(ValueError, match="no template"), collector_paused():
        raise ValueError("no template")
    assert gc.isenabled()
