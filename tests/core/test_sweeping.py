"""What an engine holds against what should be there, as values."""

from __future__ import annotations

from uuid import UUID

import pytest

from workspaces.core.containers.lifecycle import ContainerState
from workspaces.core.containers.sweep_plan import Held, Known, Sweep, plan_sweep

ID = UUID(int=1)
VOLUMES = ("ws-1-config", "ws-1-data")
RUNNING, ONLY_VOLUMES = Held(state=ContainerState.RUNNING, volumes=VOLUMES), Held(volumes=VOLUMES)


def sweep(known: Known | None, held: Held | None) -> Sweep:
    return plan_sweep([known] if known else [], {ID: held} if held else {})


def leftovers(known: Known, held: Held | None) -> list[str]:
    return [each.why for each in sweep(known, held).leftovers]


def strays(known: Known | None, held: Held) -> list[str]:
    return [each.why for each in sweep(known, held).strays]


def phantoms(known: Known, held: Held | None) -> list[str]:
    return [each.why for each in sweep(known, held).phantoms]


def known(*, live: bool, settled: bool | None = True, external: bool = False, keeps_data: bool = False) -> Known:
    return Known(id=ID, name="PM", live=live, settled=settled, external=external, keeps_data=keeps_data)


@pytest.mark.parametrize("held", [RUNNING, ONLY_VOLUMES, Held(state=ContainerState.STOPPED)])
def test_what_no_workspace_accounts_for_is_a_stray_and_no_leftover(held: Held) -> None:
    assert strays(None, held) == ["no workspace has this id"]
    assert sweep(None, held).leftovers == ()


@pytest.mark.parametrize("held", [RUNNING, ONLY_VOLUMES])
@pytest.mark.parametrize("settled", [True, None])
def test_what_a_removed_workspace_left_is_a_leftover_and_no_stray(held: Held, settled: bool | None) -> None:
    assert leftovers(known(live=False, settled=settled), held) == ["its workspace is removed"]
    assert strays(known(live=False, settled=settled), held) == []


def test_kept_volumes_are_no_leftover_but_their_container_is() -> None:
    assert leftovers(known(live=False, keeps_data=True), ONLY_VOLUMES) == []
    assert leftovers(known(live=False, keeps_data=True), RUNNING) == ["its workspace is removed"]
    assert leftovers(known(live=False), None) == []


def test_nothing_is_found_where_somebody_is_at_work() -> None:
    assert leftovers(known(live=False, settled=False), RUNNING) == []
    assert phantoms(known(live=True, settled=False), None) == []


def test_an_external_workspace_wants_no_container_and_one_that_it_has_is_a_stray() -> None:
    external = known(live=True, settled=None, external=True)
    assert strays(external, RUNNING) == ["an external workspace has no container"]
    assert phantoms(external, None) == []
    assert leftovers(external, RUNNING) == []


def test_a_live_workspace_with_a_running_container_is_none_of_them() -> None:
    assert sweep(known(live=True), RUNNING).clean


@pytest.mark.parametrize(
    ("settled", "held", "why"),
    [
        (None, None, "it never had a container"),
        (True, None, "its container is gone"),
        (True, ONLY_VOLUMES, "its container is gone"),
        (True, Held(state=ContainerState.STOPPED), "its container stopped"),
        (True, Held(state=ContainerState.STARTING), "its container does not stay up"),
    ],
)
def test_a_live_workspace_without_a_running_container_is_started_again(
    settled: bool | None, held: Held | None, why: str
) -> None:
    assert phantoms(known(live=True, settled=settled), held) == [why]


@pytest.mark.parametrize(
    ("state", "runs"),
    [(ContainerState.RUNNING, True), (ContainerState.STARTING, True), (ContainerState.STOPPED, False), (None, False)],
)
def test_a_stray_runs_where_its_container_does_or_tries_to(state: ContainerState | None, runs: bool) -> None:
    (stray,) = sweep(None, Held(state=state, volumes=VOLUMES)).strays
    assert stray.runs is runs


def test_the_epochs_are_those_that_containers_carry_each_once() -> None:
    labelled = {
        UUID(int=number): Held(state=ContainerState.RUNNING, epoch=epoch)
        for number, epoch in enumerate(("1:a", "", "1:a"))
    }
    assert plan_sweep([], labelled).epochs == frozenset({"1:a"})
