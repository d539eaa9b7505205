"""Strays on the engine, which the database does not know: named, left alone for a day, stopped, and never destroyed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import OperationalError

from audit.models import StructureEvent
from tests.controller.conftest import Merge, events, key_of, settle, wait_for
from tests.controller.strays import add_stray, left, manage, sweep, time_passes
from workspaces.access import Actor
from workspaces.core.template import Node
from workspaces.engines.base import Wanted
from workspaces.engines.fake import FakeEngine
from workspaces.models import Container, Stray, Workspace
from workspaces.services.sweep.strays import stop_strays
from workspaces.services.sweep.sweeping import survey
from workspaces.services.workspace.adding import create_workspace
from workspaces.worker.controller import Controller


@pytest.fixture
def command(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.ORGSITE_ENGINE, settings.ORGSITE_STOP_GRACE = "docker", 0
    monkeypatch.setattr("workspaces.management.commands.sweep.engine", lambda _: engine)


def next_sweep(engine: FakeEngine) -> None:
    """By a worker of its own, which looks as it begins."""
    settle(Controller(engine, grace=timedelta(0), concurrency=1))


@pytest.mark.parametrize("number", [1, 3, 4, 30])
def test_an_empty_database_touches_nothing_however_much_or_little_there_is(engine: FakeEngine, number: int) -> None:
    keys = {add_stray(engine) for _ in range(number)}
    next_sweep(engine)
    assert left(engine) == (keys, keys)
    assert Stray.objects.count() == number


@pytest.mark.parametrize("number", [1, 5])
def test_a_few_beside_many_that_are_known_are_not_touched_either(
    merge: Merge, engine: FakeEngine, controller: Controller, number: int
) -> None:
    merge({f"W{each}": {} for each in range(10)})
    strays = {add_stray(engine) for _ in range(number)}
    settle(controller)
    next_sweep(engine)
    assert strays <= left(engine)[0]
    assert len(left(engine)[1]) == 10 + number


def test_after_a_day_the_container_is_stopped_and_nothing_is_removed(engine: FakeEngine) -> None:
    key = add_stray(engine)
    next_sweep(engine)
    time_passes(hours=23)
    next_sweep(engine)
    assert left(engine) == ({key}, {key})
    time_passes(hours=2)
    next_sweep(engine)
    assert left(engine) == (set(), {key})
    assert key in engine.containers()
    assert Stray.objects.get().stopped_at


def test_a_year_later_its_volumes_are_still_there(engine: FakeEngine) -> None:
    key = add_stray(engine)
    for _ in range(3):
        next_sweep(engine)
        time_passes(days=200)
    assert left(engine) == (set(), {key})
    assert ("remove", key) not in engine.calls


def test_the_day_begins_when_it_is_first_seen_and_not_anew_with_each_look(engine: FakeEngine) -> None:
    add_stray(engine)
    sweep(engine)
    first = Stray.objects.get().first_seen_at
    sweep(engine)
    assert Stray.objects.get().first_seen_at == first


def test_each_has_a_day_of_its_own(engine: FakeEngine) -> None:
    old = add_stray(engine)
    sweep(engine)
    time_passes(days=2)
    young = add_stray(engine)
    sweep(engine)
    assert [stray.id for stray in sweep(engine)] == [old]
    assert Stray.objects.count() == 2
    assert young in left(engine)[0]


def test_what_is_gone_or_known_by_now_is_no_stray_any_more(engine: FakeEngine) -> None:
    key = add_stray(engine)
    sweep(engine)
    engine.remove(key, keep_volumes=False)
    sweep(engine)
    assert not Stray.objects.exists()


def test_the_row_says_what_there_is(engine: FakeEngine) -> None:
    key = add_stray(engine, name="PM")
    sweep(engine)
    row = Stray.objects.get()
    assert (row.pk, row.name, row.organization, row.runs) == (key, "PM", "gone", True)
    assert row.volumes == [f"ws-{key}-config", f"ws-{key}-data"]
    engine.request_stop(key)
    sweep(engine)
    assert not Stray.objects.get().runs


def test_volumes_whose_container_somebody_removed_are_still_named(command: None, engine: FakeEngine) -> None:
    key = add_stray(engine, name="PM")
    manage()
    engine.remove(key, keep_volumes=True)
    expected = f"ws-{key} (“PM” of gone, no container, volumes ws-{key}-config, ws-{key}-data)"
    assert f"? {expected}" in manage()
    assert (Stray.objects.get().name, Stray.objects.get().container) == ("PM", False)
    assert f"- {expected}" in manage("--purge", "--yes")
    assert engine.volumes() == {}


def test_a_label_of_any_length_is_noted_and_cut(engine: FakeEngine) -> None:
    key = add_stray(engine, name="x" * 1000)
    engine.host.containers[f"ws-{key}"].labels = {
        **engine.host.containers[f"ws-{key}"].labels, "orgsite.organization": "y" * 1000,
    }  # fmt: skip
    sweep(engine)
    assert len(Stray.objects.get().name) == 255


def test_a_label_that_somebody_wrote_by_hand_breaks_neither_log_nor_database(
    command: None, engine: FakeEngine, caplog: Any
) -> None:
    add_stray(engine, name="a\0b\nERROR\x1b[31m\u2028c\ud800")
    printed = manage()
    expected = "“a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}ERROR"
    assert expected in printed
    assert expected in caplog.text
    assert not set("\0\x1b\u2028\ud800") & set(Stray.objects.get().name + printed)


def test_it_is_named_in_the_log_before_anything_happens_to_it(engine: FakeEngine, caplog: Any) -> None:
    key = add_stray(engine, name="PM")
    sweep(engine)
    assert f"Found on the engine: ws-{key} (“PM” of gone, container running, volumes ws-{key}-config" in caplog.text
    caplog.clear()
    time_passes(days=2)
    engine.knobs.refusing[key] = "not now"
    next_sweep(engine)
    assert f"Stopping the container, as its quarantine is over; all volumes stay: ws-{key} (“PM”" in caplog.text
    assert f"The stray ws-{key} was not stopped: not now" in caplog.text
    assert left(engine) == ({key}, {key})


def test_one_that_ignores_the_stop_signal_is_ended_after_its_grace(engine: FakeEngine) -> None:
    key = add_stray(engine)
    engine.knobs.stubborn.add(key)
    strays = survey(engine).strays
    assert stop_strays(strays, engine=engine, grace=timedelta(seconds=0.3)) == {key: ""}
    assert [what for what, _ in engine.calls] == ["start", "request_stop", "kill"]
    assert left(engine) == (set(), {key})


def test_all_are_asked_before_one_is_waited_for(engine: FakeEngine) -> None:
    keys = [add_stray(engine) for _ in range(3)]
    engine.knobs.stubborn |= set(keys)
    engine.calls.clear()
    stop_strays(survey(engine).strays, engine=engine, grace=timedelta(0))
    assert [what for what, _ in engine.calls] == ["request_stop"] * 3 + ["kill"] * 3


def test_the_stop_is_an_event_that_says_what_the_labels_say(engine: FakeEngine) -> None:
    key = add_stray(engine, name="PM")
    next_sweep(engine)
    time_passes(days=2)
    next_sweep(engine)
    told = StructureEvent.objects.get(event_type="workspace.stopped")
    assert (told.workspace_id, told.organization, told.actor) == (key, "", "worker")
    assert (told.payload["name"], told.payload["labelled"]) == ("PM", "gone")
    assert "nothing removed" in told.payload["why"]
    assert events("released") == []


def test_the_event_is_not_lost_where_the_database_is_away_for_a_moment(
    engine: FakeEngine, controller: Controller, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("the connection is closed")

    settings.ORGSITE_QUARANTINE = 0
    add_stray(engine, name="Old")
    with monkeypatch.context() as broken:
        broken.setattr("workspaces.worker.sweep_loop.note_stopped", away)
        with pytest.raises(OperationalError):
            wait_for(controller, lambda: False)
    settle(controller)
    assert events("stopped") == ["Old"]


def test_one_that_somebody_starts_again_is_stopped_again(engine: FakeEngine) -> None:
    key = add_stray(engine)
    next_sweep(engine)
    time_passes(days=2)
    next_sweep(engine)
    engine.host.containers[f"ws-{key}"].running = True
    next_sweep(engine)
    assert left(engine) == (set(), {key})


@pytest.mark.parametrize(("mode", "noted"), [("report", 1), ("off", 0)])
def test_report_and_off_stop_nothing(engine: FakeEngine, settings: Any, caplog: Any, mode: str, noted: int) -> None:
    settings.ORGSITE_SWEEP, settings.ORGSITE_QUARANTINE = mode, 0
    key = add_stray(engine)
    next_sweep(engine)
    time_passes(days=9)
    next_sweep(engine)
    assert left(engine) == ({key}, {key})
    assert Stray.objects.count() == noted
    assert (f"Would be stopped, but ORGSITE_SWEEP is report: ws-{key}" in caplog.text) is bool(noted)


def test_turned_on_after_it_was_off_each_stray_has_its_day(engine: FakeEngine, settings: Any) -> None:
    key = add_stray(engine)
    sweep(engine)
    time_passes(days=9)
    settings.ORGSITE_SWEEP = "off"
    sweep(engine)
    settings.ORGSITE_SWEEP = "on"
    next_sweep(engine)
    assert left(engine) == ({key}, {key})


def test_an_external_workspaces_container_is_a_stray(merge: Merge, engine: FakeEngine, controller: Controller) -> None:
    merge({"PM": {}})
    settle(controller)
    Workspace.objects.update(external=True, url="https://agent.example")
    sweep(engine)
    assert Stray.objects.get().why == "an external workspace has no container"
    assert left(engine)[1] == {key_of("PM")}


def test_those_of_another_installation_are_neither_noted_nor_touched(engine: FakeEngine) -> None:
    other = FakeEngine(installation="another", host=engine.host)
    key = add_stray(other)
    sweep(engine)
    assert not Stray.objects.exists()
    assert left(other) == ({key}, {key})


# ---- by hand


def test_a_dry_run_says_what_will_happen_and_writes_nothing(command: None, engine: FakeEngine) -> None:
    key = add_stray(engine, name="PM")
    with pytest.raises(SystemExit, match="2"):
        manage("--dry-run")
    assert not Stray.objects.exists()
    printed = manage()
    assert f"? ws-{key} (“PM” of gone, container running, volumes ws-{key}-config, ws-{key}-data)" in printed
    assert "its container runs until 2" in printed
    assert "Sweep: 0 to release, 0 to start again, 1 unknown." in printed


def test_the_command_stops_what_is_overdue_and_removes_nothing(command: None, engine: FakeEngine) -> None:
    key = add_stray(engine)
    manage()
    time_passes(days=2)
    manage()
    assert left(engine) == (set(), {key})
    assert "nothing of it runs; it stays until `manage.py sweep --purge`" in manage()


def test_nothing_is_destroyed_where_nobody_can_say_yes(command: None, engine: FakeEngine) -> None:
    key = add_stray(engine)
    with pytest.raises(CommandError, match=r"repeat with --yes\. Nothing was destroyed"):
        manage("--purge")
    assert left(engine) == ({key}, {key})


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Somebody sits there and types this."""

    def types(text: str) -> None:
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("builtins.input", lambda _: text)

    return types


def test_on_a_terminal_the_number_is_typed(command: None, engine: FakeEngine, terminal: Callable[[str], None]) -> None:
    for _ in range(2):
        add_stray(engine)
    terminal("2")
    manage("--purge")
    assert engine.host.volumes == {}


@pytest.mark.parametrize("typed", ["1", "yes", "", "22"])
def test_anything_else_that_is_typed_destroys_nothing(
    command: None, engine: FakeEngine, terminal: Callable[[str], None], typed: str
) -> None:
    keys = {add_stray(engine) for _ in range(2)}
    terminal(typed)
    with pytest.raises(CommandError, match=r"Not confirmed\. Nothing was destroyed"):
        manage("--purge")
    assert left(engine) == (keys, keys)


def test_purge_destroys_all_strays_names_them_and_says_who_did_it(
    command: None, merge: Merge, engine: FakeEngine, controller: Controller
) -> None:
    merge({"PM": {}})
    settle(controller)
    keys = [add_stray(engine, name=f"S{number}") for number in range(2)]
    printed = manage("--purge", "--yes")
    assert all(f"- ws-{key} (“S{number}” of gone" in printed for number, key in enumerate(keys))
    assert "Destroyed 2, containers and volumes." in printed
    assert left(engine) == ({key_of("PM")}, {key_of("PM")})
    told = StructureEvent.objects.filter(event_type="workspace.released").first()
    assert told
    assert told.actor.endswith("(shell)")
    assert not Stray.objects.exists()


def test_purge_takes_ids_with_or_without_ws(command: None, engine: FakeEngine) -> None:
    first, second, third = (add_stray(engine) for _ in range(3))
    manage("--purge", str(first), f"ws-{second}", "--yes")
    assert left(engine) == ({third}, {third})


def test_purge_refuses_an_id_that_is_no_stray_and_destroys_nothing(
    command: None, merge: Merge, engine: FakeEngine, controller: Controller
) -> None:
    merge({"PM": {}})
    settle(controller)
    key = add_stray(engine)
    for ids in ([str(key_of("PM"))], [str(key), str(key_of("PM"))], ["nonsense"], [str(key), ""]):
        with pytest.raises(CommandError, match="Nothing was destroyed"):
            manage("--purge", *ids, "--yes")
    assert left(engine)[1] == {key_of("PM"), key}


def test_what_became_known_while_somebody_was_asked_is_not_destroyed(
    command: None, merge: Merge, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, organization: Any
) -> None:
    key = add_stray(engine)

    def answer(_: str) -> str:
        node = Node(name="Back", path="")
        row = create_workspace(organization, node, parent_id=None, actor=Actor(name="alice"))
        Container.objects.all().delete()
        Workspace.objects.filter(pk=row.pk).update(id=key)
        return "1"

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", answer)
    manage("--purge")
    assert left(engine) == ({key}, {key})


def test_purge_says_what_it_could_not_destroy(command: None, engine: FakeEngine) -> None:
    key = add_stray(engine)
    engine.knobs.refusing[key] = "volume is in use"
    with pytest.raises(CommandError, match=rf"Not destroyed:\nws-{key}: volume is in use"):
        manage("--purge", "--yes")
    assert left(engine) == ({key}, {key})


def test_purge_finds_nothing_where_all_is_known(command: None, engine: FakeEngine) -> None:
    assert "there is nothing to destroy" in manage("--purge", "--yes")


def test_there_is_no_force_any_more(command: None, engine: FakeEngine) -> None:
    with pytest.raises(CommandError):
        manage("--force")


def test_yes_without_purge_is_refused(command: None, engine: FakeEngine) -> None:
    with pytest.raises(CommandError, match="--yes belongs to --purge"):
        manage("--yes")


def test_a_workspace_known_to_nobody_is_still_one_that_another_engine_may_start(engine: FakeEngine) -> None:
    """A stray's name is no obstacle: what is started under its id is what runs."""
    key = add_stray(engine)
    stop_strays(survey(engine).strays, engine=engine, grace=timedelta(0))
    engine.start(Wanted(workspace_id=key, organization="acme", name="Back", image="agent:1"))
    assert left(engine) == ({key}, {key})
