"""Undo and restore on a real engine: what comes back is what was there, whoever is killed, and whatever races it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from audit.models import StructureEvent
from tests.api.conftest import Caller
from tests.trees import REPLACING, loaded
from tests.worker.test_grace import PURGING, REMOVING, WEEK, WRITING, end_time_of, kill_at, names, volumes, write
from tests.worker.yard import Yard
from workspaces.core.planning.undo_words import GOING_DATA
from workspaces.errors import NothingToUndo, RemovalNotConfirmed
from workspaces.models import Container, Schedule
from workspaces.services.imports.importing import Confirmation

RESTORING = {
    "with the lease": "container_loop.next_step = die",
    "before the container": "docker_engine.DockerEngine._create = die",
    "between container and start": "APIClient.start = die",
    "once it is started": "APIClient.start = then_die(APIClient.start)",
    **WRITING,
}
EDGE = timedelta(seconds=0.6)  # between the ends of two times


@pytest.fixture(autouse=True)
def _with_a_grace(_with_containers: None, settings: Any) -> None:
    settings.ORGSITE_DATA_GRACE = WEEK


def read(yard: Yard, key: UUID) -> str:
    return yard.inside(key, "sh", "-c", "if [ -e /data/work ]; then cat /data/work; fi").strip()


def token_of(yard: Yard, key: UUID) -> str:
    return yard.inside(key, "sh", "-c", "echo -n $ORGSITE_WORKSPACE_TOKEN")


def heartbeat(yard: Yard, key: UUID, token: str) -> int:
    return yard.ask(lambda: Caller(token).post(f"/workspaces/{key}/heartbeat").status_code)


def schedules(yard: Yard, key: UUID) -> Mapping[str, bool]:
    rows = Schedule.objects.filter(workspace=key)
    return yard.ask(lambda: dict(rows.values_list("name", "enabled")))


def losses(yard: Yard) -> list[bool]:
    """Of each restore, whether it came without its data."""
    rows = StructureEvent.objects.filter(organization=yard.slug, event_type="workspace.restored").order_by("id")
    return yard.ask(lambda: [row.payload["data_lost"] for row in rows])


def test_the_undo_of_a_reconcile_brings_back_files_and_schedules_and_no_token(yard: Yard) -> None:
    yard.merge({"PM": {"Dev": {}}})
    yard.plan_daily("Dev")
    yard.settle()
    pm, old = yard.key("PM"), write(yard, "Dev")
    token, before = token_of(yard, old), yard.running()[pm]
    yard.apply(loaded({"PM": {}, "Dev": {}}), options=REPLACING)
    yard.settle()
    new = yard.key("Dev")
    assert (yard.running().keys(), schedules(yard, old)) == ({pm, new}, {"Daily": False})
    yard.undo()
    yard.settle()
    assert (yard.key("Dev"), read(yard, old)) == (old, "precious Dev")
    assert (yard.running().keys(), yard.running()[pm]) == ({pm, old}, before)
    assert yard.left() == names({pm, old}) | volumes(new)
    assert (heartbeat(yard, old, token), heartbeat(yard, old, token_of(yard, old))) == (401, 204)
    assert schedules(yard, old) == {"Daily": True}


def test_a_worker_killed_at_any_point_of_a_removal_and_of_its_undo_changes_nothing_of_the_end(yard: Yard) -> None:
    """Without a pause in between: each worker finds what the one before has left."""
    steps = list(zip([*REMOVING, *REMOVING], RESTORING, strict=False))
    yard.merge({"Stays": {}, "Goes": {}, **{f"W{number}": {} for number in range(len(steps))}})
    yard.settle()
    keys = [write(yard, f"W{number}") for number in range(len(steps))]
    for number, (removing, restoring) in enumerate(steps):
        yard.remove(f"W{number}")
        kill_at(yard, REMOVING[removing])
        yard.undo()
        kill_at(yard, RESTORING[restoring])
    gone = yard.key("Goes")
    yard.remove("Goes")
    with yard.worker(), yard.worker():
        yard.until(yard.settled)
    assert yard.live() == yard.running().keys() == {yard.key("Stays"), *keys}
    assert yard.left() == names(yard.live()) | volumes(gone)
    assert {read(yard, key) for key in keys} == {f"precious W{number}" for number in range(len(steps))}
    assert (yard.told("restored"), yard.told("purged")) == ([f"W{number}" for number in range(len(steps))], [])
    assert len(set(yard.told("released"))) == len(yard.told("released"))


def test_a_restore_that_meets_the_end_of_the_time_has_the_data_or_is_refused(yard: Yard) -> None:
    """Each is restored just when two workers find that its time is over."""
    yard.merge({f"W{number}": {} for number in range(8)})
    yard.settle()
    keys = [write(yard, f"W{number}") for number in range(8)]
    for number in range(8):
        yard.remove(f"W{number}")
    yard.settle()
    with yard.worker(), yard.worker():
        yard.until(lambda: yard.said().count("worker started") >= 4)
        ends = {key: timezone.now() + EDGE * number for number, key in enumerate(keys, start=3)}
        for key, end in ends.items():
            yard.ask(Container.objects.filter(pk=key).update, purge_at=end)
        back = {key for key, end in ends.items() if comes_back(yard, key, at=end)}
        yard.until(lambda: yard.settled() and len(yard.told("purged")) == 8 - len(back))
    assert yard.live() == yard.running().keys() == back
    assert yard.left() == names(back)
    assert all(read(yard, key).startswith("precious") for key in back)
    assert losses(yard) == [False] * len(back)


def comes_back(yard: Yard, key: UUID, *, at: datetime) -> bool:
    """Whether it is restored with its data at that moment; if not, it is refused."""
    time.sleep(max((at - timezone.now()).total_seconds(), 0))
    try:
        yard.restore(key)
    except (NothingToUndo, RemovalNotConfirmed):
        return False
    return True


def test_where_a_purge_has_begun_the_undo_waits_for_it_and_takes_the_others(yard: Yard) -> None:
    yard.merge({"PM": {"Dev": {}}})
    yard.settle()
    pm, dev = write(yard, "PM"), write(yard, "Dev")
    yard.remove("PM")
    yard.settle()
    end_time_of(yard, dev)
    kill_at(yard, PURGING["before the volumes"])
    with pytest.raises(NothingToUndo, match=GOING_DATA):
        yard.restore(dev)
    assert [(row.name, row.obstacle) for row in yard.shown_undo().cannot] == [("Dev", GOING_DATA)]
    yard.undo()
    yard.settle()
    assert (read(yard, pm), yard.told("purged"), yard.left()) == ("precious PM", ["Dev"], names({pm}))


def test_without_a_grace_an_undo_asks_for_the_loss_and_comes_back_empty(yard: Yard, settings: Any) -> None:
    yard.merge({"PM": {}})
    yard.settle()
    key = write(yard, "PM")
    settings.ORGSITE_DATA_GRACE = 0
    yard.remove("PM")
    yard.settle()
    assert [row.cause for row in yard.shown_undo().data_lost] == [
        "removed by that run; its data was destroyed, it comes back empty"
    ]
    with pytest.raises(RemovalNotConfirmed) as refused:
        yard.undo()
    assert (refused.value.confirm_data_loss, refused.value.confirm_removals) == (1, None)
    yard.undo(losing=1)
    yard.settle()
    assert (yard.running().keys(), read(yard, key), losses(yard)) == ({key}, "", [True])


def test_the_undo_of_an_import_that_made_it_external_brings_back_container_and_data(yard: Yard) -> None:
    yard.merge({"PM": {}})
    yard.settle()
    key = write(yard, "PM")
    given = loaded({"PM": {}})
    nodes = tuple(replace(node, external=True) for node in given.template.workspaces)
    template = replace(given, template=replace(given.template, workspaces=nodes))
    yard.apply(template, confirmation=Confirmation(confirm_removals=0))
    yard.settle()
    assert (yard.running(), yard.left(), yard.statuses()) == ({}, volumes(key), {"online": 1})
    yard.undo()
    yard.settle()
    assert (yard.running().keys(), read(yard, key)) == ({key}, "precious PM")
    assert (yard.left(), yard.statuses(), yard.told("purged")) == (names({key}), {"online": 1}, [])
