"""Containers that vanish, end or crash again and again: ever longer pauses, and nothing told that is not new."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from audit.models import StructureEvent
from tests.controller.conftest import Merge, events, hurry, key_of, settle, wait_for
from tests.controller.rounds import busy
from workspaces.access import Actor
from workspaces.admin.run.run_stages import stage_of
from workspaces.core.containers.convergence import LONG_RUN, LOST_AFTER, PROBATION, pause
from workspaces.engines.fake import FakeEngine
from workspaces.models import Container, Status, Workspace
from workspaces.services.containers.desired_state import try_again
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.sweep.sweeping import mend, survey
from workspaces.services.workspace.presence import heartbeat
from workspaces.worker.controller import Controller

pytestmark = pytest.mark.once  # what Python makes of a row

Lose = Callable[[], None]


@pytest.fixture
def running(merge: Merge, controller: Controller) -> None:
    merge({"PM": {}})
    settle(controller)


def time_passes(by: timedelta) -> None:
    """For the row, which is all that knows of time."""
    row = Container.objects.get()
    for field in ("due_at", "asked_at", "changed_at"):
        moment = getattr(row, field)
        setattr(row, field, moment and moment - by)
    row.save()


@pytest.fixture(params=["vanishes", "ends"])
def lose(request: pytest.FixtureRequest, running: None, engine: FakeEngine, controller: Controller) -> Lose:
    """The container is lost, a minute later the worker notices, and when its pause is over it starts it again."""

    def lose_it() -> None:
        name = f"ws-{key_of('PM')}"
        if request.param == "vanishes":
            engine.host.containers.pop(name, None)
        else:
            engine.request_stop(key_of("PM"))
        time_passes(timedelta(minutes=1))
        before = Container.objects.get()
        if before.due_at is None:
            mend(survey(engine))
        else:
            hurry()
            wait_for(controller, lambda: Container.objects.get().losses > before.losses)

    return lose_it


def start_again(controller: Controller, engine: FakeEngine) -> None:
    """Until it runs, as far as that can be said of one that was lost three times."""
    hurry()
    wait_for(controller, lambda: not busy(controller) and has_started(Container.objects.get()))
    assert key_of("PM") in engine.containers()


def has_started(row: Container) -> bool:
    return row.due_at is None or (row.losses >= LOST_AFTER and row.asked_at is not None)


def waits() -> timedelta:
    due_at = Container.objects.get().due_at
    assert due_at
    return due_at - timezone.now()


def test_the_first_loss_is_mended_at_once_as_ever(lose: Lose, controller: Controller, engine: FakeEngine) -> None:
    lose()
    assert (Container.objects.get().losses, Container.objects.get().last_error) == (1, "")
    assert waits() <= timedelta(0)
    settle(controller)
    assert Workspace.objects.get().status == Status.ONLINE


def test_each_further_one_waits_longer_and_says_so(lose: Lose, controller: Controller, engine: FakeEngine) -> None:
    for losses in range(1, 9):
        lose()
        row = Container.objects.get()
        assert row.losses == losses
        assert pause(losses) - timedelta(seconds=30) < waits() <= pause(losses) + timedelta(seconds=2)
        assert (f"It was lost {losses} times" in row.last_error) is (losses > 1)
        start_again(controller, engine)


def test_after_the_third_it_is_called_failed_and_then_nothing_more_is_told(
    lose: Lose, controller: Controller, engine: FakeEngine
) -> None:
    for _ in range(3):
        lose()
        start_again(controller, engine)
    assert Workspace.objects.get().status == Status.FAILED
    assert events("failed") == ["PM"]
    told, history = StructureEvent.objects.count(), Workspace.history.count()
    for _ in range(6):
        lose()
        start_again(controller, engine)
    assert (StructureEvent.objects.count(), Workspace.history.count()) == (told, history)
    assert Workspace.objects.get().status == Status.FAILED


def test_one_whose_agent_calls_it_online_is_failed_again_when_it_is_lost(
    lose: Lose, controller: Controller, engine: FakeEngine
) -> None:
    for _ in range(3):
        lose()
        start_again(controller, engine)
    for times in (2, 3):
        heartbeat(key_of("PM"))
        assert Workspace.objects.get().status == Status.ONLINE
        lose()
        assert Workspace.objects.get().status == Status.FAILED
        assert events("failed") == ["PM"] * times
        start_again(controller, engine)


def test_so_is_one_that_reports_before_it_ever_ran_for_long(
    merge: Merge, controller: Controller, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspaces.core.containers.convergence.STEADY", timedelta(minutes=1))
    merge({"PM": {}})
    for attempts in range(1, 5):
        hurry()
        wait_for(controller, lambda: Container.objects.get().asked_at is not None)
        heartbeat(key_of("PM"))
        engine.host.containers.clear()
        hurry()
        wait_for(controller, lambda attempts=attempts: Container.objects.get().attempts == attempts)  # type: ignore[misc]
        assert (Workspace.objects.get().status == Status.FAILED) is (attempts >= 3)


def test_one_that_never_starts_while_its_agent_reports_from_elsewhere_is_told_once(
    merge: Merge, controller: Controller, engine: FakeEngine
) -> None:
    merge({"PM": {}})
    engine.knobs.refusing[key_of("PM")] = "no space left on device"
    for attempts in range(1, 8):
        heartbeat(key_of("PM"))
        hurry()
        wait_for(controller, lambda attempts=attempts: Container.objects.get().attempts == attempts)  # type: ignore[misc]
    assert events("failed") == ["PM"]


def test_one_that_stays_up_for_its_probation_is_online_again(
    lose: Lose, controller: Controller, engine: FakeEngine
) -> None:
    for _ in range(4):
        lose()
        start_again(controller, engine)
    time_passes(PROBATION)
    settle(controller)
    assert Workspace.objects.get().status == Status.ONLINE
    assert (Container.objects.get().due_at, Container.objects.get().last_error) == (None, "")


def test_after_a_long_run_a_loss_is_the_first_again(lose: Lose, controller: Controller, engine: FakeEngine) -> None:
    for _ in range(2):
        lose()
        start_again(controller, engine)
    time_passes(LONG_RUN)
    lose()
    assert Container.objects.get().losses == 1
    assert waits() <= timedelta(0)


def test_one_that_vanishes_within_seconds_of_its_start_is_not_started_on_and_on(
    merge: Merge, controller: Controller, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspaces.core.containers.convergence.STEADY", timedelta(minutes=1))
    merge({"PM": {}})
    for attempts in range(1, 6):
        hurry()
        wait_for(controller, lambda: Container.objects.get().asked_at is not None)
        engine.host.containers.clear()
        hurry()
        wait_for(controller, lambda attempts=attempts: Container.objects.get().attempts == attempts)  # type: ignore[misc]
        assert waits() > pause(attempts) - timedelta(seconds=30)
    assert [what for what, _ in engine.calls] == ["start"] * 5
    assert Workspace.objects.get().status == Status.FAILED
    assert events("failed") == ["PM"]
    assert Container.objects.get().last_error == "It is gone again after its start."


def test_one_that_never_ran_is_online_as_soon_as_it_does(merge: Merge, controller: Controller) -> None:
    """Somebody mended its image, say: nothing that ran was lost."""
    merge({"PM": {}})
    Container.objects.update(attempts=7, last_error="It does not stay up: Exited (3)")
    Workspace.objects.update(status=Status.FAILED)
    hurry()
    settle(controller)
    assert Workspace.objects.get().status == Status.ONLINE


def test_the_home_page_tells_how_often_and_when_it_is_started_again(
    lose: Lose, controller: Controller, engine: FakeEngine, alice: User, client: Client
) -> None:
    for _ in range(6):
        lose()
        start_again(controller, engine)
    lose()
    client.force_login(alice)
    page = client.get("/admin/").content.decode()
    assert "lost 7 times" in page
    assert "Next try in 4 min" in page


def test_trying_again_by_hand_does_not_wait_for_the_pause(
    lose: Lose, controller: Controller, engine: FakeEngine
) -> None:
    for _ in range(5):
        lose()
        start_again(controller, engine)
    lose()
    assert try_again([key_of("PM")]) == 1
    settle(controller)
    assert key_of("PM") in engine.containers()


def test_what_is_removed_leaves_its_losses_behind(lose: Lose, controller: Controller, engine: FakeEngine) -> None:
    for _ in range(4):
        lose()
        start_again(controller, engine)
    engine.knobs.refusing[key_of("PM")] = "volume is in use"
    cascade_delete([key_of("PM")], actor=Actor(name="alice"))
    settle(controller)
    row = Container.objects.get()
    assert (row.last_error, stage_of(row).word) == ("volume is in use", "tried 1 time")


def test_on_its_page_one_that_was_started_again_is_watched_and_one_that_waits_does_not_run(
    lose: Lose, controller: Controller, engine: FakeEngine, alice: User, client: Client
) -> None:
    client.force_login(alice)
    for _ in range(4):
        lose()
        page = client.get(f"/admin/workspaces/workspace/{key_of('PM')}/change/").content.decode()
        assert ("container does not run." in page) is bool(Container.objects.get().last_error)
        start_again(controller, engine)
    heartbeat(key_of("PM"))
    page = client.get(f"/admin/workspaces/workspace/{key_of('PM')}/change/").content.decode()
    assert "was started again, and counts as running once it has stayed up" in page
    assert "Next look" in page
    assert "does not run" not in page
