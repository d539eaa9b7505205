"""What nobody decided: containers without a workspace, workspaces without a container."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.controller.conftest import Merge, events, key_of, settle
from tests.trees import BEFORE
from workspaces.access import Actor
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.containers.lifecycle import ContainerState
from workspaces.engines.base import FoundContainer, Wanted
from workspaces.engines.fake import FakeEngine
from workspaces.errors import InstallationRenamed
from workspaces.models import Container, Installation, Status, Workspace
from workspaces.services.containers.installation import claim_sweep, installation
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.sweep.sweeping import mend, survey
from workspaces.worker.controller import Controller


@pytest.fixture
def tree(merge: Merge, controller: Controller) -> None:
    merge(BEFORE)
    settle(controller)
    a_while_passes()


def a_while_passes() -> None:
    Container.objects.update(changed_at=timezone.now() - timedelta(minutes=1))
    Installation.objects.update(swept_at=None)


def found(engine: FakeEngine) -> list[str]:
    sweep = survey(engine)
    leftovers = [f"- {each.known.name}: {each.why}" for each in sweep.leftovers]
    strays = [f"? {each.held.name}: {each.why}" for each in sweep.strays]
    return [*leftovers, *strays, *(f"+ {each.known.name}: {each.why}" for each in sweep.phantoms)]


def test_where_all_is_well_nothing_is_found(tree: None, engine: FakeEngine) -> None:
    assert found(engine) == []


def test_a_container_that_vanished_is_made_again(tree: None, engine: FakeEngine, controller: Controller) -> None:
    del engine.host.containers[f"ws-{key_of('PM')}"]
    assert found(engine) == ["+ PM: its container is gone"]
    mend(survey(engine))
    assert Workspace.objects.get(name="PM").status == Status.PROVISIONING
    settle(controller)
    assert Workspace.objects.get(name="PM").status == Status.ONLINE
    assert key_of("PM") in engine.containers()


def test_a_container_that_stopped_is_made_again(tree: None, engine: FakeEngine) -> None:
    engine.request_stop(key_of("PM"))
    assert found(engine) == ["+ PM: its container stopped"]


def test_a_live_workspace_from_the_time_before_the_engine_gets_a_container(
    merge: Merge, engine: FakeEngine, controller: Controller, settings: Any
) -> None:
    settings.ORGSITE_ENGINE = "none"
    merge({"PM": {}})
    settings.ORGSITE_ENGINE = "fake"
    assert found(engine) == ["+ PM: it never had a container"]
    mend(survey(engine))
    settle(controller)
    assert key_of("PM") in engine.containers()


def test_a_container_of_a_removed_workspace_goes_and_is_not_told_twice(
    tree: None, engine: FakeEngine, actor: Actor, controller: Controller
) -> None:
    key = key_of("SRE Engineer")
    cascade_delete([key], actor=actor)
    settle(controller)
    a_while_passes()
    engine.start(Wanted(workspace_id=key, organization="acme", name="SRE Engineer", image="agent:1"))
    assert found(engine) == ["- SRE Engineer: its workspace is removed"]
    mend(survey(engine))
    settle(controller)
    assert key not in engine.containers()
    assert events("released") == ["SRE Engineer"]


def test_kept_volumes_are_no_leftovers(tree: None, engine: FakeEngine, actor: Actor, controller: Controller) -> None:
    cascade_delete([key_of("SRE Engineer")], actor=actor, data=DataPolicy.KEEP)
    settle(controller)
    a_while_passes()
    assert found(engine) == []


def test_what_is_being_worked_on_is_left_to_who_works_on_it(tree: None, engine: FakeEngine, actor: Actor) -> None:
    cascade_delete([key_of("Dev Lead")], actor=actor)
    assert found(engine) == []


def test_what_was_written_down_just_now_may_be_news_to_the_engine(
    merge: Merge, engine: FakeEngine, controller: Controller
) -> None:
    merge({"PM": {}})
    settle(controller)
    del engine.host.containers[f"ws-{key_of('PM')}"]
    assert found(engine) == []


def test_the_command_prints_what_it_finds_and_changes_nothing_in_a_dry_run(
    tree: None, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ORGSITE_ENGINE = "docker"
    monkeypatch.setattr("workspaces.management.commands.sweep.engine", lambda _: engine)
    del engine.host.containers[f"ws-{key_of('PM')}"]
    printed = StringIO()
    with pytest.raises(SystemExit, match="2"):
        call_command("sweep", "--dry-run", stdout=printed)
    assert f"+ ws-{key_of('PM')} PM: its container is gone" in printed.getvalue()
    assert "Sweep: 0 to release, 1 to start again, 0 unknown." in printed.getvalue()
    assert not Container.objects.filter(due_at__isnull=False).exists()
    call_command("sweep", stdout=printed)
    assert Container.objects.filter(due_at__isnull=False).count() == 1


def test_one_worker_sweeps_for_all(controller: Controller, engine: FakeEngine) -> None:
    assert [claim_sweep(timedelta(minutes=1)) for _ in range(2)] == [True, False]


def test_a_site_whose_containers_carry_another_name_says_so_and_keeps_its_own(tree: None, settings: Any) -> None:
    name = installation().name
    settings.ORGSITE_INSTALLATION = "typo"
    with pytest.raises(InstallationRenamed, match=f"labelled {name}"):
        installation()
    settings.ORGSITE_INSTALLATION = ""
    assert installation().name == name


def test_a_container_that_does_not_stay_up_is_no_running_one(tree: None, engine: FakeEngine) -> None:
    key = key_of("PM")
    seen = FoundContainer(workspace_id=key, state=ContainerState.STARTING, detail="Restarting (3)")
    flapping = {**engine.containers(), key: seen}
    engine.containers = lambda: flapping  # type: ignore[method-assign]
    assert found(engine) == ["+ PM: its container does not stay up"]


@pytest.mark.parametrize("mode", ["report", "off"])
def test_without_a_sweep_live_workspaces_are_started_all_the_same_and_leftovers_stay(
    tree: None, engine: FakeEngine, actor: Actor, controller: Controller, settings: Any, mode: str
) -> None:
    key = key_of("SRE Engineer")
    cascade_delete([key], actor=actor)
    settle(controller)
    engine.start(Wanted(workspace_id=key, organization="acme", name="SRE Engineer", image="agent:1"))
    del engine.host.containers[f"ws-{key_of('PM')}"]
    a_while_passes()
    settings.ORGSITE_SWEEP = mode
    mend(survey(engine))
    settle(controller)
    assert {key_of("PM"), key} <= engine.containers().keys()


def test_what_report_would_release_is_named_in_the_log(
    tree: None, engine: FakeEngine, actor: Actor, controller: Controller, settings: Any, caplog: Any
) -> None:
    key = key_of("SRE Engineer")
    cascade_delete([key], actor=actor)
    settle(controller)
    engine.start(Wanted(workspace_id=key, organization="acme", name="SRE Engineer", image="agent:1"))
    a_while_passes()
    settings.ORGSITE_SWEEP = "report"
    mend(survey(engine))
    assert f"Would be released, as its workspace is removed, but ORGSITE_SWEEP is report: ws-{key}" in caplog.text


@pytest.mark.parametrize("mode", ["on", "report", "off"])
def test_the_command_says_where_leftovers_are_left_as_they_are(
    tree: None,
    engine: FakeEngine,
    actor: Actor,
    controller: Controller,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
) -> None:
    settings.ORGSITE_ENGINE, settings.ORGSITE_SWEEP = "docker", mode
    monkeypatch.setattr("workspaces.management.commands.sweep.engine", lambda _: engine)
    key, printed = key_of("SRE Engineer"), StringIO()
    cascade_delete([key], actor=actor)
    settle(controller)
    engine.start(Wanted(workspace_id=key, organization="acme", name="SRE Engineer", image="agent:1"))
    a_while_passes()
    call_command("sweep", stdout=printed)
    fate = "" if mode == "on" else f"; it is left as it is, as ORGSITE_SWEEP is {mode}"
    assert f"- ws-{key} SRE Engineer: its workspace is removed{fate}\n" in printed.getvalue()
