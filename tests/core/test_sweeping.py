"""What an engine holds against what should be there, as values."""

from __future__ import annotations

from uuid import UUID

import pytest

from workspaces.core.steps import State
from workspaces.core.sweeping import Held, Known, plan_sweep

ID = UUID(int=1)
VOLUMES = ("ws-1-config", "ws-1-data")
RUNNING, ONLY_VOLUMES = Held(state=State.RUNNING, volumes=VOLUMES), Held(volumes=VOLUMES)


def ghosts(known: Known | None, held: Held) -> list[str]:
    return [each.why for each in plan_sweep([known] if known else [], {ID: held}).ghosts]


def phantoms(known: Known, held: Held | None) -> list[str]:
    return [each.why for each in plan_sweep([known], {ID: held} if held else {}).phantoms]


def known(*, live: bool, settled: bool | None = True, external: bool = False, keep_volumes: bool = False) -> Known:
    return Known(id=ID, name="PM", live=live, settled=settled, external=external, keep_volumes=keep_volumes)


@pytest.mark.parametrize("held", [RUNNING, ONLY_VOLUMES])
def test_what_belongs_to_no_workspace_or_to_a_removed_one_is_a_leftover(held: Held) -> None:
    assert ghosts(None, held) == ["no workspace has this id"]
    assert ghosts(known(live=False), held) == ["its workspace is removed"]
    assert ghosts(known(live=False, settled=None), held) == ["its workspace is removed"]


def test_kept_volumes_are_no_leftover_but_their_container_is() -> None:
    assert ghosts(known(live=False, keep_volumes=True), ONLY_VOLUMES) == []
    assert ghosts(known(live=False, keep_volumes=True), RUNNING) == ["its workspace is removed"]


def test_nothing_is_found_where_somebody_is_at_work() -> None:
    assert ghosts(known(live=False, settled=False), RUNNING) == []
    assert phantoms(known(live=True, settled=False), None) == []


def test_an_external_workspace_has_no_container_and_wants_none() -> None:
    assert ghosts(known(live=True, settled=None, external=True), RUNNING) == ["an external workspace has no container"]
    assert phantoms(known(live=True, settled=None, external=True), None) == []


def test_a_live_workspace_with_a_running_container_is_neither() -> None:
    assert ghosts(known(live=True), RUNNING) == phantoms(known(live=True), RUNNING) == []


@pytest.mark.parametrize(
    ("settled", "held", "why"),
    [
        (None, None, "it never had a container"),
        (True, None, "its container is gone"),
        (True, ONLY_VOLUMES, "its container is gone"),
        (True, Held(state=State.STOPPED), "its container stopped"),
        (True, Held(state=State.STARTING), "its container does not stay up"),
    ],
)
def test_a_live_workspace_without_a_running_container_is_started_again(
    settled: bool | None, held: Held | None, why: str
) -> None:
    assert phantoms(known(live=True, settled=settled), held) == [why]


@pytest.mark.parametrize(
    ("strays", "known_ones", "doubtful"), [(3, 0, False), (4, 0, True), (4, 4, False), (5, 4, True)]
)
def test_more_than_a_few_strays_that_are_the_most_of_all_are_doubtful(
    strays: int, known_ones: int, doubtful: bool
) -> None:
    held = {UUID(int=number): RUNNING for number in range(strays + known_ones)}
    rows = [Known(id=UUID(int=number), name="W", live=True, settled=True) for number in range(known_ones)]
    assert plan_sweep(rows, held).doubtful is doubtful
