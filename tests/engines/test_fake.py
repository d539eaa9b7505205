"""The knobs of the engine in memory: what tests of the rest of the product turn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.engines.rigs import wanted
from workspaces.engines.base import ContainerState
from workspaces.engines.fake import FakeEngine
from workspaces.errors import EngineAway, EngineRefused


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


def test_it_can_be_away_and_come_back(engine: FakeEngine) -> None:
    one = wanted()
    engine.knobs.away = True
    with pytest.raises(EngineAway):
        engine.start(one)
    engine.knobs.away = False
    engine.start(one)
    assert engine.containers()[one.workspace_id].state is ContainerState.RUNNING


def test_a_stubborn_one_runs_until_it_is_removed(engine: FakeEngine) -> None:
    one = wanted()
    engine.knobs.stubborn.add(one.workspace_id)
    engine.start(one)
    engine.request_stop(one.workspace_id)
    assert engine.containers()[one.workspace_id].state is ContainerState.RUNNING
    engine.remove(one.workspace_id, keep_volumes=False)
    assert not engine.containers()


def test_it_refuses_one_workspace_in_the_words_it_was_given(engine: FakeEngine) -> None:
    one, other = wanted(), wanted()
    engine.knobs.refusing[one.workspace_id] = "no space left on device"
    with pytest.raises(EngineRefused, match="no space left on device"):
        engine.start(one)
    engine.start(other)


def test_it_tells_which_calls_came(engine: FakeEngine) -> None:
    one = wanted()
    engine.start(one)
    engine.remove(one.workspace_id, keep_volumes=True)
    assert engine.calls == [("start", one.workspace_id), ("remove", one.workspace_id)]


def test_it_notices_two_threads_at_the_same_workspace_and_only_those(engine: FakeEngine) -> None:
    engine.knobs.takes = 0.1
    together, apart = uuid4(), [uuid4(), uuid4()]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(engine.request_stop, [together, together, *apart]))
    engine.request_stop(apart[0])
    assert engine.overlapping == {together}
