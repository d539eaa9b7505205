"""A database that the engine's containers were not made from: restored from a backup, a copy, or another site's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError
from django.db import connection
from django.utils import timezone

from audit import triggers
from audit.models import StructureEvent
from tests.controller.conftest import Merge, events, hurry, key_of, settle
from tests.controller.strays import FOREIGN, add_stray, left, manage, sweep, time_passes
from workspaces.access import SYSTEM, Actor
from workspaces.admin.run.run_stages import stage_of
from workspaces.core.containers.epoch_mark import epoch_of
from workspaces.engines.fake import FakeEngine
from workspaces.errors import EngineAway
from workspaces.models import Container, Stray, UnknownEpoch, Workspace
from workspaces.services.containers.installation import (
    HELD_BACK,
    accept_epochs,
    is_restored,
    newest_epoch,
    note_epochs,
    unknown_epochs,
)
from workspaces.services.containers.provisioning import prepare
from workspaces.services.removal.cascading import cascade_delete
from workspaces.worker.controller import Controller


@pytest.fixture
def tree(merge: Merge, controller: Controller) -> None:
    merge({"PM": {"Dev": {}}, "Ops": {}})
    settle(controller)


@pytest.fixture
def command(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.ORGSITE_ENGINE, settings.ORGSITE_STOP_GRACE = "docker", 0
    monkeypatch.setattr("workspaces.management.commands.sweep.engine", lambda _: engine)


def next_sweep(engine: FakeEngine) -> None:
    settle(Controller(engine, grace=timedelta(0), concurrency=1))


def rewrite(**changes: Any) -> None:
    """Do to the newest event as a restore does: the id is given to another one."""
    newest = StructureEvent.objects.order_by("-id")[:1].values_list("pk", flat=True)[0]
    triggers.remove(connection)
    try:
        StructureEvent.objects.filter(pk=newest).update(**changes)
    finally:
        triggers.install(connection)


# ---- the label


def test_a_container_is_labelled_with_the_newest_event(tree: None, engine: FakeEngine, merge: Merge) -> None:
    merge({"New": {}})
    expected = newest_epoch()
    wanted = prepare([key_of("New")]).wanted[key_of("New")]
    assert wanted.epoch == expected
    assert expected.split(":")[0] == str(StructureEvent.objects.order_by("-id").values_list("pk", flat=True)[0])
    labels = engine.host.containers[f"ws-{key_of('PM')}"].labels
    assert unknown_epochs([labels["orgsite.epoch"]]) == frozenset()


@pytest.mark.parametrize(
    "changes",
    [
        {"created_at": timezone.now() + timedelta(microseconds=7)},
        {"actor": "somebody else"},
        {"organization": "another"},
        {"payload": {"name": "PM"}},
        {"event_type": "workspace.failed"},
        {"workspace_id": UUID(int=1)},
        {"import_id": UUID(int=1)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_event_under_the_same_id_is_not_the_one_that_was_named(tree: None, changes: dict[str, Any]) -> None:
    before = newest_epoch()
    assert unknown_epochs([before]) == frozenset()
    rewrite(**changes)
    assert unknown_epochs([before]) == {before}


def test_it_is_made_of_the_columns_that_labels_were_always_made_of(tree: None) -> None:
    first = ["id", "event_type", "organization", "workspace_id", "import_id", "actor", "payload", "created_at"]
    newest = StructureEvent.objects.order_by("-id").values(*first)[0]
    assert newest_epoch() == epoch_of(newest)


@pytest.mark.parametrize("label", [FOREIGN, "nonsense", "1:0", "9" * 30 + ":" + "0" * 32, "\0" * 3, "x" * 5000])
def test_a_label_that_names_no_event_of_ours_is_unknown(tree: None, engine: FakeEngine, label: str) -> None:
    add_stray(engine, epoch=label)
    sweep(engine)
    assert is_restored()
    assert UnknownEpoch.objects.count() == 1


def test_containers_from_before_the_label_prove_nothing(tree: None, engine: FakeEngine) -> None:
    add_stray(engine, epoch="")
    sweep(engine)
    assert not is_restored()


def test_events_with_all_kinds_of_values_are_found_again(tree: None, merge: Merge) -> None:
    for payload in ({"a": 1.5, "b": [None, True, "ü\u2028"], "c": {"z": 1, "a": -0.0}}, {}, {"n": 10**15}):
        rewrite(payload=payload, import_id=UUID(int=3))
        assert unknown_epochs([newest_epoch()]) == frozenset()


def test_all_labels_are_looked_up_by_one_query(tree: None, django_assert_num_queries: Any) -> None:
    labels = [f"{number}:{'0' * 32}" for number in range(1, 3000)]
    with django_assert_num_queries(1):
        assert len(unknown_epochs(labels)) == len(labels)


def test_where_all_labels_are_known_a_look_writes_nothing(
    tree: None, engine: FakeEngine, django_assert_max_num_queries: Any
) -> None:
    epochs = {each.epoch for each in engine.containers().values()}
    with django_assert_max_num_queries(2):
        assert note_epochs(epochs) is False


# ---- what follows


def test_nothing_unknown_is_touched_however_long_it_takes(tree: None, engine: FakeEngine) -> None:
    old, new = add_stray(engine), add_stray(engine, epoch=FOREIGN)
    next_sweep(engine)
    time_passes(days=30)
    next_sweep(engine)
    assert {old, new} <= left(engine)[0]


def test_one_label_is_enough_even_that_of_a_live_workspace(tree: None, engine: FakeEngine) -> None:
    key = add_stray(engine)
    rewrite(actor="somebody else")
    container = engine.host.containers[f"ws-{key_of('PM')}"]
    container.labels = {**container.labels, "orgsite.epoch": FOREIGN}
    next_sweep(engine)
    time_passes(days=30)
    next_sweep(engine)
    assert key in left(engine)[0]


def test_the_log_says_what_to_do(tree: None, engine: FakeEngine, caplog: Any) -> None:
    key = add_stray(engine, epoch=FOREIGN)
    next_sweep(engine)
    assert "was restored from a backup, or it is a copy or another site's" in caplog.text
    assert "run `manage.py sweep --accept`" in caplog.text
    assert f"Found on the engine: ws-{key}" in caplog.text


def test_a_live_workspace_whose_container_is_gone_is_started_all_the_same(tree: None, engine: FakeEngine) -> None:
    add_stray(engine, epoch=FOREIGN)
    engine.remove(key_of("PM"), keep_volumes=True)
    Container.objects.update(changed_at=timezone.now() - timedelta(minutes=1))
    next_sweep(engine)
    assert key_of("PM") in left(engine)[0]


def test_removals_wait_say_why_and_are_told_once(tree: None, engine: FakeEngine, actor: Actor) -> None:
    add_stray(engine, epoch=FOREIGN)
    sweep(engine)
    cascade_delete([key_of("Ops")], actor=actor)
    for _ in range(3):
        next_sweep(engine)
        hurry()
    assert key_of("Ops") in left(engine)[0]
    assert "run `manage.py sweep --accept`" in Container.objects.get(workspace=key_of("Ops")).last_error
    assert events("release_failed") == ["Ops"]
    accept_epochs(actor=SYSTEM)
    next_sweep(engine)
    assert key_of("Ops") not in left(engine)[1]
    assert events("released") == ["Ops"]


def test_what_removed_workspaces_left_waits_too(tree: None, engine: FakeEngine, actor: Actor) -> None:
    key = key_of("Ops")
    cascade_delete([key], actor=actor)
    next_sweep(engine)
    Container.objects.update(changed_at=timezone.now() - timedelta(minutes=1))
    stray = add_stray(engine, epoch=FOREIGN)
    engine.host.volumes[f"ws-{key}-data"] = engine.host.volumes.pop(f"ws-{stray}-data")
    engine.host.volumes[f"ws-{key}-data"].labels = {
        **engine.host.volumes[f"ws-{key}-data"].labels, "orgsite.workspace": str(key),
    }  # fmt: skip
    next_sweep(engine)
    assert f"ws-{key}-data" in engine.host.volumes


def test_a_worker_that_begins_looks_whoever_swept_a_moment_ago(tree: None, engine: FakeEngine, actor: Actor) -> None:
    """A restored database may say that somebody did: then a removal would come before the first look."""
    add_stray(engine, epoch=FOREIGN)
    cascade_delete([key_of("Ops")], actor=actor)
    from workspaces.models import Installation

    Installation.objects.update(swept_at=timezone.now())
    next_sweep(engine)
    assert key_of("Ops") in left(engine)[0]


def test_removals_wait_also_where_a_part_of_the_engine_keeps_the_sweep_from_looking(
    tree: None, engine: FakeEngine, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_stray(engine, epoch=FOREIGN)
    cascade_delete([key_of("Ops")], actor=actor)

    def away() -> Any:
        raise EngineAway("A node does not answer.")

    with monkeypatch.context() as partly:
        partly.setattr(engine, "volumes", away)
        next_sweep(engine)
    assert key_of("Ops") in left(engine)[0]
    assert is_restored()


def test_a_removal_that_waits_is_no_loss_of_its_container(tree: None, engine: FakeEngine, actor: Actor) -> None:
    Container.objects.update(losses=4)
    add_stray(engine, epoch=FOREIGN)
    sweep(engine)
    cascade_delete([key_of("Ops")], actor=actor)
    for _ in range(3):
        next_sweep(engine)
        hurry()
    row = Container.objects.get(workspace=key_of("Ops"))
    assert (row.losses, row.last_error) == (0, HELD_BACK)
    assert (stage_of(row).word, stage_of(row).kind) == ("held back", "retry")


def test_removals_that_wait_are_looked_at_ever_more_rarely(tree: None, engine: FakeEngine, actor: Actor) -> None:
    add_stray(engine, epoch=FOREIGN)
    sweep(engine)
    cascade_delete([key_of("Ops")], actor=actor)
    for _ in range(7):
        next_sweep(engine)
        due_at = Container.objects.get(workspace=key_of("Ops")).due_at
        hurry()
    assert due_at
    assert due_at - timezone.now() > timedelta(minutes=4)


def test_it_is_not_over_because_the_containers_that_prove_it_are_gone(tree: None, engine: FakeEngine) -> None:
    old, proof = add_stray(engine), add_stray(engine, epoch=FOREIGN)
    next_sweep(engine)
    engine.remove(proof, keep_volumes=False)
    time_passes(days=30)
    next_sweep(engine)
    assert is_restored()
    assert old in left(engine)[0]


# ---- acceptance


def test_from_the_acceptance_on_each_stray_has_its_day(tree: None, engine: FakeEngine) -> None:
    key = add_stray(engine, epoch=FOREIGN)
    next_sweep(engine)
    time_passes(days=30)
    accept_epochs(actor=SYSTEM)
    next_sweep(engine)
    assert key in left(engine)[0]
    time_passes(days=2)
    next_sweep(engine)
    assert left(engine)[0].isdisjoint({key})
    assert key in left(engine)[1]


def test_what_was_accepted_alarms_no_more_and_what_is_new_does(tree: None, engine: FakeEngine) -> None:
    add_stray(engine, epoch=FOREIGN)
    sweep(engine)
    accept_epochs(actor=SYSTEM)
    add_stray(engine, epoch=FOREIGN)
    sweep(engine)
    assert not is_restored()
    add_stray(engine, epoch=f"888888:{'1' * 32}")
    sweep(engine)
    assert is_restored()


def test_containers_that_are_made_after_the_acceptance_are_known(merge: Merge, engine: FakeEngine, tree: None) -> None:
    add_stray(engine, epoch=FOREIGN)
    sweep(engine)
    accept_epochs(actor=SYSTEM)
    merge({"New": {}})
    next_sweep(engine)
    assert not is_restored()
    assert UnknownEpoch.objects.count() == 1


def test_an_acceptance_is_an_event_with_the_one_who_accepted(tree: None, engine: FakeEngine) -> None:
    add_stray(engine, epoch=FOREIGN)
    sweep(engine)
    assert accept_epochs(actor=Actor(name="sam")) == 1
    told = StructureEvent.objects.get(event_type="security.database_accepted")
    assert (told.actor, told.payload) == ("sam", {"epochs": 1, "strays": 1})
    assert UnknownEpoch.objects.get().accepted_by == "sam"


# ---- by hand


def test_the_command_says_so_and_touches_nothing(command: None, tree: None, engine: FakeEngine, settings: Any) -> None:
    settings.ORGSITE_QUARANTINE = 0
    key = add_stray(engine, epoch=FOREIGN)
    with pytest.raises(SystemExit, match="2"):
        manage("--dry-run")
    assert not UnknownEpoch.objects.exists()
    for arguments in ([], ["--purge", "--yes"], ["--purge", str(key), "--yes"]):
        with pytest.raises(CommandError, match="restored from a backup"):
            manage(*arguments)
    assert key in left(engine)[0]
    assert key in left(engine)[1]


def test_accept_works_before_any_worker_has_looked(command: None, tree: None, engine: FakeEngine) -> None:
    add_stray(engine, epoch=FOREIGN)
    printed = manage("--accept")
    assert "Accepted." in printed
    assert "1 unknown: their containers run until 2" in printed
    sweep(engine)
    assert not is_restored()
    assert "Destroyed 1" in manage("--purge", "--yes")


def test_there_may_be_nothing_to_accept(command: None, tree: None, engine: FakeEngine) -> None:
    key = add_stray(engine)
    sweep(engine)
    time_passes(days=3)
    assert "There is nothing to accept" in manage("--accept")
    assert Stray.objects.get().first_seen_at < timezone.now() - timedelta(days=2)
    assert key in left(engine)[0]


def test_one_decision_at_a_time(command: None, engine: FakeEngine) -> None:
    for arguments in (["--accept", "--dry-run"], ["--purge", "--accept"], ["--purge", "--dry-run"]):
        with pytest.raises(CommandError, match="not allowed with"):
            manage(*arguments)


def test_a_tree_without_strays_is_clean(command: None, tree: None, engine: FakeEngine) -> None:
    with pytest.raises(SystemExit, match="0"):
        manage("--dry-run")
    assert Workspace.objects.live().count() == 3
