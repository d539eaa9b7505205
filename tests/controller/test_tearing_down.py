"""From a row that was removed to an engine that holds nothing of it."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Event
from typing import Any
from uuid import UUID

import pytest

from audit.models import StructureEvent
from lib.database_clock import database_now
from tests.controller.conftest import Merge, events, hurry, key_of, settle, wait_for
from tests.controller.rounds import one_round
from tests.trees import AFTER, BEFORE, loaded
from workspaces.access import Actor
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.containers.lifecycle import Desired
from workspaces.core.planning.plan_values import Mode
from workspaces.engines.base import Wanted
from workspaces.engines.fake import FakeEngine
from workspaces.errors import EngineAway
from workspaces.models import Container, Organization, Workspace, WorkspaceToken
from workspaces.services.containers.leases import claim_due, give_back
from workspaces.services.imports.importing import Confirmation, apply_import
from workspaces.services.removal.cascading import cascade_delete
from workspaces.worker.controller import Controller


@pytest.fixture
def tree(merge: Merge, controller: Controller) -> None:
    merge(BEFORE)
    settle(controller)


def left(engine: FakeEngine) -> set[UUID]:
    return {*engine.containers(), *engine.volumes()}


def test_reconcile_releases_the_leftovers_and_touches_nothing_else(
    tree: None, merge: Merge, organization: Organization, actor: Actor, controller: Controller, engine: FakeEngine
) -> None:
    merge(AFTER)
    settle(controller)
    before = {name: each.id for name, each in engine.host.containers.items()}
    confirmation = Confirmation(confirm_removals=8)
    apply_import(organization, loaded(AFTER), mode=Mode.RECONCILE, actor=actor, confirmation=confirmation)
    settle(controller)
    live = set(Workspace.objects.live().values_list("pk", flat=True))
    assert left(engine) == live
    assert {f"ws-{key}": before[f"ws-{key}"] for key in live} == {n: c.id for n, c in engine.host.containers.items()}


def test_a_release_is_told_once_and_only_when_all_is_gone(
    tree: None, actor: Actor, controller: Controller, engine: FakeEngine
) -> None:
    cascade_delete([key_of("PM")], actor=actor)
    assert events("released") == []
    settle(controller)
    assert left(engine) == set()
    assert sorted(events("released")) == sorted(Workspace.objects.values_list("name", flat=True))


def test_volumes_that_are_to_be_kept_are_kept(
    tree: None, actor: Actor, controller: Controller, engine: FakeEngine
) -> None:
    cascade_delete([key_of("SRE Engineer")], actor=actor, data=DataPolicy.KEEP)
    settle(controller)
    assert key_of("SRE Engineer") not in engine.containers()
    assert len(engine.volumes()[key_of("SRE Engineer")]) == 2


def test_all_are_asked_to_stop_before_any_is_waited_for(
    tree: None, actor: Actor, engine: FakeEngine, settings: object
) -> None:
    engine.knobs.stubborn.update(engine.containers())
    cascade_delete([key_of("PM")], actor=actor)
    settle(Controller(engine, grace=timedelta(seconds=0.3), concurrency=2))
    calls = [what for what, _ in engine.calls if what != "start"]
    assert calls == ["request_stop"] * 9 + ["remove"] * 9
    assert left(engine) == set()


def test_who_stops_by_itself_is_not_kept_waiting(tree: None, actor: Actor, engine: FakeEngine) -> None:
    cascade_delete([key_of("PM")], actor=actor)
    settle(Controller(engine, grace=timedelta(days=1), concurrency=2))
    assert left(engine) == set()


def test_a_failed_release_is_told_retried_and_told_when_it_is_done(
    tree: None, actor: Actor, controller: Controller, engine: FakeEngine
) -> None:
    key = key_of("SRE Engineer")
    engine.knobs.refusing[key] = "volume is in use"
    cascade_delete([key], actor=actor)
    for _ in range(3):
        settle(controller)
        hurry()
    assert events("release_failed") == ["SRE Engineer"]
    assert Container.objects.get(pk=key).attempts == 3
    del engine.knobs.refusing[key]
    settle(controller)
    assert events("released") == ["SRE Engineer"]
    assert key not in left(engine)


def test_an_engine_that_is_away_is_told_of_each_once_and_loses_nothing(
    tree: None, actor: Actor, controller: Controller, engine: FakeEngine
) -> None:
    cascade_delete([key_of("Dev Lead")], actor=actor)
    engine.knobs.away = True
    for _ in range(3):
        with pytest.raises(EngineAway) as error:
            one_round(controller)
        controller.note_away(str(error.value))
    assert len(events("release_failed")) == 5
    assert Container.objects.filter(desired="absent", last_error__contains="does not answer").count() == 5
    engine.knobs.away = False
    settle(controller)
    assert len(events("released")) == 5
    assert len(left(engine)) == 4


def test_starts_that_hang_hold_up_no_removal(tree: None, merge: Merge, actor: Actor, engine: FakeEngine) -> None:
    answers = Event()

    class Hanging(FakeEngine):
        def start(self, wanted: Wanted) -> None:
            answers.wait(60)

    controller = Controller(Hanging(host=engine.host), grace=timedelta(0), concurrency=2)
    merge({"New": {f"New {number}": {} for number in range(100)}})
    one_round(controller)
    cascade_delete([key_of("PM")], actor=actor)
    wait_for(controller, lambda: len(events("released")) == 9)
    answers.set()
    settle(controller)


def test_twice_as_many_are_removed_at_once_as_may_be_started(tree: None, actor: Actor, engine: FakeEngine) -> None:
    two = Barrier(2, timeout=90)

    class Meeting(FakeEngine):
        def remove(self, workspace_id: UUID, **options: Any) -> None:
            two.wait()
            super().remove(workspace_id, **options)

    cascade_delete([key_of("Dev Lead"), key_of("PM")], actor=actor)
    Container.objects.filter(pk=key_of("PM")).update(due_at=None)  # an even number of them
    settle(Controller(Meeting(host=engine.host), grace=timedelta(0), concurrency=1))
    assert len(events("released")) == 8


def test_what_is_gone_within_moments_is_written_together(tree: None, actor: Actor, engine: FakeEngine) -> None:
    engine.knobs.takes = 0.02
    for each in engine.host.containers.values():
        each.running = False
    cascade_delete([key_of("PM")], actor=actor)
    settle(Controller(engine, grace=timedelta(0), concurrency=1))
    assert Container.objects.values("released_at").distinct().count() == 1


def test_what_is_gone_waits_for_no_removal_that_hangs(tree: None, actor: Actor, engine: FakeEngine) -> None:
    answers, key = Event(), key_of("SRE Engineer")

    class Hanging(FakeEngine):
        def remove(self, workspace_id: UUID, **options: Any) -> None:
            assert workspace_id != key or answers.wait(60)
            super().remove(workspace_id, **options)

    cascade_delete([key_of("PM")], actor=actor)
    controller = Controller(Hanging(host=engine.host), grace=timedelta(0), concurrency=1)
    wait_for(controller, lambda: len(events("released")) == 8)
    answers.set()
    settle(controller)


def test_one_removed_while_its_container_is_being_created_ends_with_none(
    merge: Merge, actor: Actor, engine: FakeEngine
) -> None:
    merge({"PM": {}})

    class RemovedMeanwhile(FakeEngine):
        def start(self, wanted: Wanted) -> None:
            super().start(wanted)
            removals.append(wanted.workspace_id)

    removals: list[UUID] = []
    slow = RemovedMeanwhile(host=engine.host)
    controller = Controller(slow, grace=timedelta(0), concurrency=1)
    one_round(controller)
    while not removals:
        pass
    cascade_delete(removals, actor=actor)
    settle(controller)
    assert left(engine) == set()
    assert (events("online"), events("released")) == ([], ["PM"])
    assert not WorkspaceToken.objects.filter(revoked_at=None).exists()


def test_one_that_never_had_a_container_is_released_all_the_same(
    merge: Merge, actor: Actor, controller: Controller
) -> None:
    merge({"PM": {}})
    cascade_delete([key_of("PM")], actor=actor)
    settle(controller)
    assert events("released") == ["PM"]


def test_without_an_engine_a_removal_releases_at_once(merge: Merge, actor: Actor, settings: object) -> None:
    settings.ORGSITE_ENGINE = "none"  # type: ignore[attr-defined]
    merge({"PM": {}})
    cascade_delete([key_of("PM")], actor=actor)
    told = StructureEvent.objects.get(event_type="workspace.released")
    assert told.payload["why"] == "no container to release"
    assert not Container.objects.exists()


def test_what_a_killed_worker_had_leased_is_free_again_after_seconds(tree: None, actor: Actor) -> None:
    cascade_delete([key_of("SRE Engineer")], actor=actor)
    assert len(claim_due("killed", desired=Desired.ABSENT, limit=10)) == 1
    assert claim_due("next", desired=Desired.ABSENT, limit=10) == []
    Container.objects.update(leased_until=database_now())
    assert len(claim_due("next", desired=Desired.ABSENT, limit=10)) == 1
    give_back("killed", [key_of("SRE Engineer")])
    assert claim_due("third", desired=Desired.ABSENT, limit=10) == []
