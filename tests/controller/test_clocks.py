"""A site or a worker whose machine's clock is wrong does no harm: what they compare comes from the database's."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import connection  # noqa: F401 - named in the marks
from django.utils import timezone

from audit.models import StructureEvent
from tests.clocks import HOURS, machine_clock_off_by
from tests.controller.conftest import Merge, key_of, settle
from tests.controller.rounds import busy, one_round
from tests.trees import BEFORE
from workspaces.access import Actor
from workspaces.core.containers.lifecycle import Desired
from workspaces.engines.fake import FakeEngine
from workspaces.models import Container, ImportRun, Installation, Status, Workspace
from workspaces.services.containers.desired_state import try_again
from workspaces.services.containers.installation import claim_sweep
from workspaces.services.containers.leases import claim_due, next_due, put_off
from workspaces.services.plans.abandoned_runs import close_interrupted
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.security.rate_limits import MINUTE, current_count, increment, take_turn
from workspaces.services.security.tokens import find_api_token, issue_api_token
from workspaces.services.upkeep.readiness import readiness
from workspaces.services.workspace.presence import heartbeat
from workspaces.worker.controller import Controller

pytestmark = pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite's clock is this machine's")
CLOSE = timedelta(minutes=2)


def is_now(moment: object) -> bool:
    return abs(moment - timezone.now()) < CLOSE  # type: ignore[operator, no-any-return]


@pytest.fixture(params=HOURS)
def hours(request: pytest.FixtureRequest) -> int:
    return request.param


def test_a_wrong_worker_starts_what_a_right_site_asks_for(merge: Merge, controller: Controller, hours: int) -> None:
    merge(BEFORE)
    with machine_clock_off_by(hours):
        settle_wrongly(controller)
    assert set(Workspace.objects.values_list("status", flat=True)) == {Status.ONLINE}
    assert all(is_now(row.changed_at) for row in Container.objects.all())


def test_a_right_worker_starts_what_a_wrong_site_asks_for(merge: Merge, controller: Controller, hours: int) -> None:
    with machine_clock_off_by(hours):
        merge(BEFORE)
    assert all(is_now(row.due_at) for row in Container.objects.all())
    settle(controller)
    assert set(Workspace.objects.values_list("status", flat=True)) == {Status.ONLINE}


def test_what_fails_at_a_wrong_worker_waits_no_hour(
    merge: Merge, controller: Controller, engine: FakeEngine, hours: int
) -> None:
    merge({"PM": {}})
    engine.knobs.refusing[key_of("PM")] = "no space left on device"
    with machine_clock_off_by(hours):
        settle_wrongly(controller)
        row = Container.objects.get()
        Container.objects.update(last_error="again", due_at=row.due_at)
        assert try_again([row.pk]) == 1
    assert is_now(row.due_at)
    assert is_now(Container.objects.get().due_at)


def test_a_wrong_worker_parks_nothing_that_it_puts_off(merge: Merge, hours: int) -> None:
    merge(BEFORE)
    claims = claim_due("wrong", desired=Desired.RUNNING, limit=9)
    with machine_clock_off_by(hours):
        put_off("wrong", [claim.workspace_id for claim in claims], by=timedelta(seconds=1))
        due = next_due()
    assert is_now(due)


def test_a_wrong_worker_steals_no_lease(merge: Merge, hours: int) -> None:
    merge(BEFORE)
    assert len(claim_due("right", desired=Desired.RUNNING, limit=9)) == 9
    with machine_clock_off_by(hours):
        assert claim_due("wrong", desired=Desired.RUNNING, limit=9) == []
        assert next_due() is None


def test_a_right_worker_steals_no_lease_of_a_wrong_one_and_gets_it_in_the_end(merge: Merge, hours: int) -> None:
    merge(BEFORE)
    with machine_clock_off_by(hours):
        assert len(claim_due("wrong", desired=Desired.RUNNING, limit=9)) == 9
    assert claim_due("right", desired=Desired.RUNNING, limit=9) == []
    assert all(is_now(row.leased_until) for row in Container.objects.all())


def test_a_wrong_worker_neither_sweeps_too_often_nor_keeps_others_from_it(db: None, hours: int) -> None:
    assert claim_sweep(timedelta(seconds=55))
    with machine_clock_off_by(hours):
        assert not claim_sweep(timedelta(seconds=55))
        Installation.objects.update(swept_at=None)
        assert claim_sweep(timedelta(seconds=55))
    assert is_now(Installation.objects.get().swept_at)


def test_a_wrong_worker_is_seen_by_a_right_site_and_by_a_wrong_one(controller: Controller, hours: int) -> None:
    with machine_clock_off_by(hours):
        one_round(controller)
        assert readiness()["engine"] == "ok"
    assert readiness()["engine"] == "ok"


def test_a_removal_is_released_within_its_grace(merge: Merge, engine: FakeEngine, actor: Actor, hours: int) -> None:
    merge({"PM": {}})
    controller = Controller(engine, grace=timedelta(seconds=0.2), concurrency=1)
    settle(controller)
    engine.knobs.stubborn.add(key_of("PM"))
    cascade_delete([key_of("PM")], actor=actor)
    with machine_clock_off_by(hours):
        settle_wrongly(controller)
    assert engine.containers() == {}
    assert is_now(Container.objects.get().released_at)


def test_no_run_of_a_wrong_machine_is_closed_before_its_time(merge: Merge, hours: int) -> None:
    with machine_clock_off_by(hours):
        merge({"PM": {}})
    ImportRun.objects.update(state=ImportRun.State.RUNNING, owner="another-host/1/1", finished_at=None)
    assert close_interrupted() == 0
    assert is_now(ImportRun.objects.get().started_at)


def test_limits_previews_tokens_heartbeats_and_events_go_by_it_too(merge: Merge, alice: object, hours: int) -> None:
    merge({"PM": {}})
    with machine_clock_off_by(hours):
        assert take_turn("limit", limit=1, window=MINUTE) is None
        increment("failures", "somebody")
        heartbeat(key_of("PM"))
    assert take_turn("limit", limit=1, window=MINUTE) is not None
    assert current_count("failures", "somebody") == 1
    text = issue_api_token(alice, expires_at=timezone.now() + timedelta(minutes=5))  # type: ignore[arg-type]
    with machine_clock_off_by(hours):
        assert find_api_token(text)
    assert is_now(Workspace.objects.get().last_heartbeat_at)
    assert all(is_now(event.created_at) for event in StructureEvent.objects.all())


def settle_wrongly(controller: Controller) -> None:
    """As `settle`, which looks at the clock itself."""
    for _ in range(200):
        one_round(controller)
        if not busy(controller) and not Container.objects.filter(due_at__isnull=False, last_error="").exists():
            return
        time.sleep(0.02)
    raise AssertionError(f"it never comes: {list(Container.objects.values())}")
