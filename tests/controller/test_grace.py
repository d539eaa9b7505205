"""From a removal whose data waits to volumes that are destroyed: once, when its time is over, or when somebody asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from audit.models import StructureEvent
from lib.database_clock import database_now
from tests.controller.conftest import Merge, events, hurry, key_of, settle, wait_for
from tests.controller.rounds import one_round
from workspaces.access import Actor
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.containers.lifecycle import Desired, Outcome
from workspaces.engines.fake import FakeEngine
from workspaces.engines.naming import EPOCH, volume_names
from workspaces.errors import InstallationRenamed
from workspaces.models import Container, UnknownEpoch
from workspaces.services.containers.container_results import ContainerResult, record
from workspaces.services.containers.desired_state import note_sizes
from workspaces.services.containers.installation import accept_epochs, installation
from workspaces.services.containers.leases import claim_due
from workspaces.services.containers.purging import purge_due, purge_now, stored, stored_data
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.sweep.sweeping import mend, survey
from workspaces.worker.controller import Controller

WEEK = 7 * 24 * 60 * 60
DATA = "/data"


@pytest.fixture(autouse=True)
def _with_a_grace(settings: Any) -> None:
    settings.ORGSITE_DATA_GRACE = WEEK


@pytest.fixture
def pm(merge: Merge, controller: Controller, engine: FakeEngine) -> UUID:
    """PM and Ops run; what PM wrote is in its volume."""
    merge({"PM": {}, "Ops": {}})
    settle(controller)
    key = key_of("PM")
    note_sizes({key: 1_234})
    engine.host.volumes[volume_names(key)[DATA]].files["work"] = b"precious"
    return key


def removed(key: UUID, actor: Actor, controller: Controller, *, data: DataPolicy = DataPolicy.WAIT) -> Container:
    cascade_delete([key], actor=actor, data=data)
    settle(controller)
    return Container.objects.get(pk=key)


def a_week_passes() -> None:
    """For the rows: the database's clock cannot be moved."""
    for row in Container.objects.filter(purge_at__isnull=False):
        Container.objects.filter(pk=row.pk).update(purge_at=row.purge_at - timedelta(seconds=WEEK))


def purge(controller: Controller) -> None:
    purge_due()
    settle(controller)


def told() -> list[str]:
    kinds = ("workspace.released", "workspace.purged", "workspace.release_failed")
    rows = StructureEvent.objects.filter(event_type__in=kinds).order_by("id")
    return [row.event_type.partition(".")[2] for row in rows]


# ---- the time


def test_the_container_goes_at_once_and_the_data_waits(
    pm: UUID, actor: Actor, controller: Controller, engine: FakeEngine
) -> None:
    row = removed(pm, actor, controller)
    assert row.purge_at is not None
    assert timedelta(0) < row.purge_at - database_now() <= timedelta(seconds=WEEK)
    assert (row.released_at is None, row.purged_at, row.due_at) == (False, None, None)
    assert pm not in engine.containers()
    assert engine.host.volumes[volume_names(pm)[DATA]].files["work"] == b"precious"
    assert told() == ["released"]


def test_the_release_says_until_when_the_data_waits(pm: UUID, actor: Actor, controller: Controller) -> None:
    row = removed(pm, actor, controller)
    why = StructureEvent.objects.get(event_type="workspace.released").payload["why"]
    assert why == f"container gone, volumes kept until {row.purge_at:%Y-%m-%d %H:%M:%S} UTC"


def test_before_its_time_is_over_nothing_is_destroyed(
    pm: UUID, actor: Actor, controller: Controller, engine: FakeEngine
) -> None:
    removed(pm, actor, controller)
    assert 0 < purge_due() <= WEEK
    settle(controller)
    assert len(engine.volumes()[pm]) == 2


def test_when_its_time_is_over_exactly_its_volumes_go_once(
    pm: UUID, actor: Actor, controller: Controller, engine: FakeEngine
) -> None:
    removed(pm, actor, controller)
    a_week_passes()
    for _ in range(3):
        purge(controller)
    assert set(engine.volumes()) == {key_of("Ops")}
    assert told() == ["released", "purged"]
    row = Container.objects.get(pk=pm)
    assert (row.purge_at, row.purged_at is None, row.keeps_data) == (None, False, False)


def test_the_end_says_how_much_it_was_and_belongs_to_the_run_that_removed(
    pm: UUID, actor: Actor, controller: Controller
) -> None:
    row = removed(pm, actor, controller)
    a_week_passes()
    purge(controller)
    event = StructureEvent.objects.get(event_type="workspace.purged")
    assert (event.payload["bytes"], event.payload["path"], event.actor) == (1_234, ["PM"], "worker")
    assert event.import_id == row.import_id == row.workspace.removed_by


def test_the_loop_of_the_worker_purges_by_itself(
    pm: UUID, actor: Actor, controller: Controller, engine: FakeEngine
) -> None:
    removed(pm, actor, controller)
    a_week_passes()
    (loop,) = (loop for loop in controller.loops if loop.name == "purges")
    loop.wake.set()
    wait_for(controller, lambda: pm not in engine.volumes())


def test_a_worker_that_has_not_looked_at_the_engine_purges_nothing(
    pm: UUID, actor: Actor, controller: Controller, engine: FakeEngine
) -> None:
    removed(pm, actor, controller)
    a_week_passes()
    (loop,) = (loop for loop in Controller(engine, grace=timedelta(0), concurrency=1).loops if loop.name == "purges")
    loop.run_once()
    assert Container.objects.get(pk=pm).purge_at is not None


@pytest.mark.parametrize("grace", [0, WEEK])
def test_what_is_erased_goes_with_its_container_and_is_told_first(
    pm: UUID, actor: Actor, controller: Controller, engine: FakeEngine, settings: Any, grace: int
) -> None:
    settings.ORGSITE_DATA_GRACE = grace
    removed(pm, actor, controller, data=DataPolicy.ERASE if grace else DataPolicy.WAIT)
    assert pm not in engine.volumes()
    assert told() == ["purged", "released"]


def test_what_is_kept_is_never_purged(pm: UUID, actor: Actor, controller: Controller, engine: FakeEngine) -> None:
    row = removed(pm, actor, controller, data=DataPolicy.KEEP)
    purge(controller)
    assert (row.purge_at, told(), len(engine.volumes()[pm])) == (None, ["released"], 2)


def test_a_time_that_ends_while_the_container_is_removed_takes_the_volumes_too(
    pm: UUID, actor: Actor, controller: Controller, engine: FakeEngine
) -> None:
    cascade_delete([pm], actor=actor)
    (claim,) = claim_due("worker", desired=Desired.ABSENT, limit=1)
    assert claim.keep_volumes
    a_week_passes()
    purge_due()
    gone = ContainerResult(workspace_id=pm, desired=Desired.ABSENT, outcome=Outcome.GONE, ended=0.0, kept=True)
    record([gone], worker="worker", grace=timedelta(0))
    assert (told(), Container.objects.get(pk=pm).purged_at) == (["released"], None)
    settle(controller)
    assert (told(), pm in engine.volumes()) == (["released", "purged"], False)


def test_volumes_that_are_in_use_are_told_and_tried_again(
    pm: UUID, actor: Actor, controller: Controller, engine: FakeEngine
) -> None:
    removed(pm, actor, controller)
    a_week_passes()
    engine.knobs.refusing[pm] = "volume is in use"
    for _ in range(3):
        purge(controller)
        hurry()
    del engine.knobs.refusing[pm]
    settle(controller)
    assert told() == ["released", "release_failed", "purged"]


def test_two_workers_purge_once(pm: UUID, actor: Actor, controller: Controller, engine: FakeEngine) -> None:
    removed(pm, actor, controller)
    a_week_passes()
    both = (controller, Controller(engine, grace=timedelta(0), concurrency=2))
    for _ in range(20):
        purge_due()
        for each in both:
            one_round(each)
    for each in both:
        settle(each)
    assert told() == ["released", "purged"]
    assert [call for call in engine.calls if call == ("remove", pm)] == [("remove", pm)] * 2


def test_a_disputed_database_purges_nothing_until_it_is_accepted(
    pm: UUID, actor: Actor, controller: Controller, engine: FakeEngine
) -> None:
    removed(pm, actor, controller)
    a_week_passes()
    UnknownEpoch.objects.create(epoch="7:" + "a" * 32, first_seen_at=database_now())
    purge(controller)
    assert (told(), stored().count(), len(engine.volumes()[pm])) == (["released"], 1, 2)
    accept_epochs(actor=actor)
    purge(controller)
    assert told() == ["released", "purged"]


@pytest.mark.parametrize("stays", [True, False])
def test_what_another_database_started_since_the_last_look_is_not_destroyed(
    pm: UUID, actor: Actor, controller: Controller, engine: FakeEngine, stays: bool
) -> None:
    running = engine.host.containers[f"ws-{pm}"]
    removed(pm, actor, controller)
    a_week_passes()
    running.labels = {**running.labels, EPOCH: "999999:" + "a" * 32}
    engine.host.containers |= {f"ws-{pm}": running} if stays else {}
    purge(controller)
    assert (pm in engine.volumes(), UnknownEpoch.objects.exists()) == (stays, stays)


# ---- by hand


@pytest.mark.parametrize("data", [DataPolicy.WAIT, DataPolicy.KEEP])
def test_somebody_may_end_it_before(
    pm: UUID, actor: Actor, controller: Controller, engine: FakeEngine, data: DataPolicy
) -> None:
    removed(pm, actor, controller, data=data)
    (ended,) = purge_now([pm, key_of("Ops")], actor=actor, reason="Ticket 8")
    assert (ended.id, ended.bytes) == (pm, 1_234)
    settle(controller)
    assert set(engine.volumes()) == {key_of("Ops")}
    assert told() == ["released", "purged"]
    asked = StructureEvent.objects.get(event_type="workspace.changed")
    assert (asked.actor, asked.payload["reason"], asked.payload["changes"][0]["to"]) == (
        actor.name, "Ticket 8", "destroyed",
    )  # fmt: skip


def test_a_second_request_finds_nothing(pm: UUID, actor: Actor, controller: Controller) -> None:
    removed(pm, actor, controller)
    assert len(purge_now([pm], actor=actor)) == 1
    assert purge_now([pm], actor=actor) == ()
    settle(controller)
    assert purge_now([pm], actor=actor) == ()
    assert StructureEvent.objects.filter(event_type="workspace.changed").count() == 1


def test_what_is_stored_is_told_with_place_size_and_end(pm: UUID, actor: Actor, controller: Controller) -> None:
    row = removed(pm, actor, controller)
    removed(key_of("Ops"), actor, controller, data=DataPolicy.KEEP)
    waits, kept = stored_data(stored())
    assert (waits.path, waits.bytes, waits.until, waits.removed_at) == (
        ("PM",), 1_234, row.purge_at, row.workspace.removed_at,
    )  # fmt: skip
    assert (kept.path, kept.until, kept.fate) == (("Ops",), None, "kept until somebody purges it")


# ---- what the sweep, and another name, make of it


def a_while_passes() -> None:
    Container.objects.update(changed_at=database_now() - timedelta(minutes=1))


def test_waiting_data_is_no_leftover_and_no_stray(pm: UUID, actor: Actor, controller: Controller, engine: Any) -> None:
    removed(pm, actor, controller)
    a_while_passes()
    assert survey(engine).clean
    a_week_passes()
    assert survey(engine).clean


def test_a_container_beside_waiting_data_goes_alone(
    pm: UUID, actor: Actor, controller: Controller, engine: FakeEngine
) -> None:
    before = engine.host.containers[f"ws-{pm}"]
    removed(pm, actor, controller)
    engine.host.containers[f"ws-{pm}"] = before
    a_while_passes()
    mend(survey(engine))
    settle(controller)
    assert (pm in engine.containers(), len(engine.volumes()[pm])) == (False, 2)
    assert told() == ["released"]


def test_data_that_nobody_decided_about_has_its_time(
    pm: UUID, actor: Actor, controller: Controller, engine: FakeEngine, settings: Any
) -> None:
    """It was removed when the site had no engine."""
    Container.objects.filter(pk=pm).delete()
    cascade_delete([pm], actor=actor)
    mend(survey(engine))
    settle(controller)
    assert (pm in engine.containers(), len(engine.volumes()[pm])) == (False, 2)
    assert (stored().get().pk, events("released")) == (pm, ["PM"])


@pytest.mark.parametrize("data", [DataPolicy.WAIT, DataPolicy.KEEP])
def test_a_site_with_stored_data_keeps_its_name(
    pm: UUID, actor: Actor, controller: Controller, settings: Any, data: DataPolicy
) -> None:
    removed(pm, actor, controller, data=data)
    removed(key_of("Ops"), actor, controller, data=DataPolicy.ERASE)
    settings.ORGSITE_INSTALLATION = "another"
    with pytest.raises(InstallationRenamed):
        installation()
    purge_now([pm], actor=actor)
    settle(controller)
    assert installation().name == "another"
