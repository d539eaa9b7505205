"""What nobody decided: containers without a workspace, workspaces without a container."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import StructureEvent
from tests.controller.conftest import Merge, events, key_of, settle
from tests.trees import BEFORE
from workspaces.controller import Controller
from workspaces.core.steps import State
from workspaces.engines.base import Found, Wanted
from workspaces.engines.fake import FakeEngine
from workspaces.errors import InstallationRenamed
from workspaces.models import Container, Installation, Status, Workspace
from workspaces.services.actors import Actor
from workspaces.services.cascading import cascade_delete
from workspaces.services.installation import claim_sweep, installation
from workspaces.services.sweeping import mend, release_strays, survey


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
    ghosts = [f"- {each.known.name if each.known else 'unknown'}: {each.why}" for each in sweep.ghosts]
    return ghosts + [f"+ {each.known.name if each.known else ''}: {each.why}" for each in sweep.phantoms]


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
    engine.ask_to_stop(key_of("PM"))
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
    cascade_delete([key_of("SRE Engineer")], actor=actor, keep_volumes=True)
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


def test_a_container_of_an_unknown_workspace_goes_and_those_of_others_stay(tree: None, engine: FakeEngine) -> None:
    stray, theirs = uuid4(), uuid4()
    engine.start(Wanted(workspace_id=stray, organization="gone", name="Stray", image="agent:1"))
    other = FakeEngine(installation="another", host=engine.host)
    other.start(Wanted(workspace_id=theirs, organization="acme", name="Theirs", image="agent:1"))
    assert found(engine) == ["- unknown: no workspace has this id"]
    settle(Controller(engine, grace=timedelta(0), concurrency=1))
    assert stray not in {*engine.containers(), *engine.volumes()}
    assert theirs in other.containers()


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
    assert "Sweep: 0 to release, 1 to start again." in printed.getvalue()
    assert not Container.objects.filter(due_at__isnull=False).exists()
    call_command("sweep", stdout=printed)
    assert Container.objects.filter(due_at__isnull=False).count() == 1


def strays(engine: FakeEngine, *, number: int) -> None:
    for _ in range(number):
        engine.start(Wanted(workspace_id=uuid4(), organization="gone", name="Stray", image="agent:1"))


def test_where_most_of_it_is_unknown_the_worker_removes_none_of_it(
    merge: Merge, engine: FakeEngine, controller: Controller
) -> None:
    """A copy of the database on the same engine would otherwise destroy what it does not know."""
    strays(engine, number=5)
    merge({"PM": {}})
    settle(controller)
    assert len(engine.containers()) == 6


def test_the_command_refuses_what_is_doubtful_unless_it_is_told_twice(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ORGSITE_ENGINE, settings.ORGSITE_STOP_GRACE = "docker", 0
    monkeypatch.setattr("workspaces.management.commands.sweep.engine", lambda _: engine)
    strays(engine, number=5)
    with pytest.raises(CommandError, match=r"5 of the 5 .* are not in this database"):
        call_command("sweep", stdout=StringIO())
    assert len(engine.containers()) == 5
    call_command("sweep", "--force", stdout=StringIO())
    assert (dict(engine.containers()), dict(engine.volumes())) == ({}, {})
    assert StructureEvent.objects.filter(event_type="workspace.released", organization="").count() == 5


def test_strays_are_asked_to_stop_before_they_are_removed(engine: FakeEngine) -> None:
    strays(engine, number=2)
    engine.calls.clear()
    release_strays(survey(engine).strays, engine=engine, grace=timedelta(seconds=5))
    assert [what for what, _ in engine.calls] == ["ask_to_stop"] * 2 + ["remove"] * 2


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
    seen = Found(workspace_id=key, state=State.STARTING, detail="Restarting (3)")
    flapping = {**engine.containers(), key: seen}
    engine.containers = lambda: flapping  # type: ignore[method-assign]
    assert found(engine) == ["+ PM: its container does not stay up"]
