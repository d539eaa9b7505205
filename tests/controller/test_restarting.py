"""Changed workspaces on the engine: what changed is delivered to their containers, or these are made anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from audit.models import StructureEvent
from lib.database_clock import database_now
from tests.changing import change_fields
from tests.controller.conftest import Merge, events, hurry, key_of, settle, wait_for
from workspaces.access import Actor
from workspaces.admin.run.run_stages import stage_of
from workspaces.core.changes import changes_of
from workspaces.core.containers.restart_rule import Effect
from workspaces.core.template import Node
from workspaces.engines.fake import FakeContainer, FakeEngine
from workspaces.models import Container, Organization, Status, Workspace
from workspaces.services.containers.losses import note_losses
from workspaces.services.containers.restarts import Consequence, converge, restart
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.security.tokens import find_workspace_token
from workspaces.services.sweep.sweeping import survey
from workspaces.services.workspace.adding import create_workspace
from workspaces.services.workspace.editing import edit_workspace
from workspaces.worker.controller import Controller

IMAGES = {"langgraph": "old:1", "claude-code": "new:1"}


@pytest.fixture
def running(merge: Merge, controller: Controller, settings: Any) -> None:
    settings.ORGSITE_RUNTIME_IMAGES = IMAGES
    merge({"PM": {"Dev": {}}, "Ops": {}})
    settle(controller)


@pytest.fixture
def change(organization: Organization, actor: Actor) -> Callable[..., None]:
    return partial(change_fields, organization, actor=actor)


Change = Callable[..., None]


def container(engine: FakeEngine, name: str) -> FakeContainer:
    return engine.host.containers[f"ws-{key_of(name)}"]


def described(engine: FakeEngine, name: str) -> dict[str, Any]:
    files = engine.host.volumes[f"ws-{key_of(name)}-config"].files
    told: dict[str, Any] = json.loads(files[".orgsite/workspace.json"])
    return told


def calls(engine: FakeEngine, name: str) -> list[str]:
    return [call for call, key in engine.calls if key == key_of(name)]


def row_of(name: str) -> Container:
    return Container.objects.get(pk=key_of(name))


# ---- a delivery


def test_a_changed_role_reaches_the_running_container_which_goes_on(
    running: None, change: Change, engine: FakeEngine, controller: Controller
) -> None:
    before = container(engine, "PM")
    change("PM", role="leads")
    settle(controller)
    assert container(engine, "PM") is before
    assert described(engine, "PM")["role"] == "leads"
    assert calls(engine, "PM") == ["start", "deliver"]


def test_it_changes_no_status_and_writes_no_event(running: None, change: Change, controller: Controller) -> None:
    before = StructureEvent.objects.count()
    change("PM", role="leads")
    assert Workspace.objects.get(name="PM").status == Status.ONLINE
    settle(controller)
    assert StructureEvent.objects.count() == before
    assert (row_of("PM").configuration, row_of("PM").delivered, row_of("PM").generation) == (2, 2, 1)


def test_all_that_came_together_is_one_delivery(
    running: None, change: Change, engine: FakeEngine, controller: Controller
) -> None:
    change("PM", role="leads")
    change("PM", model="opus")
    settle(controller)
    assert calls(engine, "PM") == ["start", "deliver"]
    assert (described(engine, "PM")["role"], described(engine, "PM")["model"]) == ("leads", "opus")


def test_one_that_is_not_running_gets_it_with_its_start(
    merge: Merge, change: Change, engine: FakeEngine, controller: Controller
) -> None:
    merge({"PM": {}})
    change("PM", role="leads")
    settle(controller)
    assert calls(engine, "PM") == ["start"]
    assert described(engine, "PM")["role"] == "leads"
    assert row_of("PM").delivered == 2


def test_what_changes_while_it_is_started_is_delivered_after_that(
    merge: Merge, change: Change, engine: FakeEngine, controller: Controller
) -> None:
    merge({"PM": {}})
    wait_for(controller, lambda: bool(engine.host.containers))
    change("PM", role="leads")
    settle(controller)
    assert described(engine, "PM")["role"] == "leads"
    assert row_of("PM").delivered == 2


def test_what_changes_while_it_is_confirmed_is_not_lost(
    running: None, change: Change, engine: FakeEngine, controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker has looked and not yet written down that the container runs."""
    change("PM", role="leads")
    wait_for(controller, lambda: "deliver" in calls(engine, "PM"))
    change("PM", role="rests")
    settle(controller)
    assert described(engine, "PM")["role"] == "rests"


def test_a_worker_killed_after_a_delivery_is_followed_by_one_that_does_it_again(
    running: None, change: Change, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    change("PM", role="leads")
    killed = Controller(engine, grace=timedelta(0), concurrency=2)
    with monkeypatch.context() as broken:
        broken.setattr("workspaces.worker.container_loop.record", lambda *args, **kwargs: frozenset())
        wait_for(killed, lambda: "deliver" in calls(engine, "PM"))
    Container.objects.update(leased_until=database_now())
    settle(Controller(engine, grace=timedelta(0), concurrency=2))
    assert calls(engine, "PM") == ["start", "deliver", "deliver"]
    assert row_of("PM").delivered == 2


def test_one_that_fails_leaves_the_workspace_online_says_why_and_is_tried_again(
    running: None, change: Change, engine: FakeEngine, controller: Controller
) -> None:
    engine.knobs.refusing[key_of("PM")] = "no space left on device"
    change("PM", role="leads")
    for _ in range(4):
        settle(controller)
        hurry()
    assert row_of("PM").last_error == "It runs, but its new files were not delivered: no space left on device"
    assert Workspace.objects.get(name="PM").status == Status.ONLINE
    del engine.knobs.refusing[key_of("PM")]
    settle(controller)
    assert (row_of("PM").last_error, described(engine, "PM")["role"]) == ("", "leads")


def test_a_delivery_is_no_new_start(running: None, change: Change, controller: Controller) -> None:
    """A loss afterwards is the first of a series, because the container had run for long."""
    long_ago = database_now() - timedelta(days=3)
    Container.objects.update(changed_at=long_ago, losses=2)
    change("PM", role="leads")
    settle(controller)
    assert row_of("PM").changed_at == long_ago
    note_losses([row_of("PM")], why={key_of("PM"): "it is gone"}, now=database_now())
    assert row_of("PM").losses == 1


def test_a_removed_workspace_gets_nothing(
    running: None, change: Change, engine: FakeEngine, controller: Controller, actor: Actor
) -> None:
    cascade_delete([key_of("Ops")], actor=actor)
    change("Ops", role="leads")
    settle(controller)
    assert "deliver" not in calls(engine, "Ops")


def test_until_then_the_pages_say_that_it_is_delivered(running: None, change: Change, controller: Controller) -> None:
    change("PM", role="leads")
    assert stage_of(row_of("PM")).word == "delivering"
    settle(controller)
    assert stage_of(row_of("PM")).word == "runs"


def test_one_by_a_run_is_a_part_of_that_run(running: None, actor: Actor) -> None:
    run = StructureEvent.objects.filter(import_id__isnull=False).latest("pk").import_id
    Container.objects.update(import_id=None)
    changed = {key_of("PM"): Consequence(Effect.DELIVER, changes_of({"role": ""}, {"role": "leads"}))}
    converge(changed, actor=actor, now=database_now(), import_id=run)
    due = Container.objects.filter(due_at__isnull=False)
    assert list(due.values_list("workspace__name", "import_id")) == [("PM", run)]


def test_what_no_container_sees_wakes_no_worker(running: None, change: Change) -> None:
    change("PM", url="https://agent.example")
    assert (row_of("PM").configuration, row_of("PM").due_at) == (1, None)


def test_a_file_that_is_dropped_stays_and_is_not_listed_any_more(
    running: None, change: Change, engine: FakeEngine, controller: Controller
) -> None:
    prompt = ".orgsite/prompts/system.md"
    change("PM", spec={"system_prompt": "You lead."})
    settle(controller)
    assert prompt in described(engine, "PM")["files"]
    change("PM", spec={})
    settle(controller)
    assert described(engine, "PM")["files"] == [".orgsite/workspace.json"]
    assert prompt in engine.host.volumes[f"ws-{key_of('PM')}-config"].files


# ---- a restart


def test_another_runtime_gets_a_new_container_on_the_same_volumes(
    running: None, change: Change, engine: FakeEngine, controller: Controller
) -> None:
    before = container(engine, "PM")
    engine.host.volumes[f"ws-{key_of('PM')}-data"].files["kept"] = b"kept"
    change("PM", runtime="claude-code")
    assert Workspace.objects.get(name="PM").status == Status.PROVISIONING
    settle(controller)
    assert (container(engine, "PM").image, before.image) == ("new:1", "old:1")
    assert engine.host.volumes[f"ws-{key_of('PM')}-data"].files["kept"] == b"kept"
    assert described(engine, "PM")["runtime"] == "claude-code"
    assert (row_of("PM").generation, Workspace.objects.get(name="PM").status) == (2, Status.ONLINE)


def test_it_is_told_with_its_reason_and_place(running: None, change: Change) -> None:
    change("Dev", runtime="claude-code")
    told = StructureEvent.objects.get(event_type="workspace.restarted")
    assert (told.actor, told.payload["path"], told.payload["why"]) == ("alice", ["PM", "Dev"], "its runtime changed")
    latest = Workspace.objects.get(name="Dev").history.latest()
    assert (latest.status, latest.history_change_reason) == (Status.PROVISIONING, "its runtime changed")


def test_the_others_go_on(running: None, change: Change, engine: FakeEngine, controller: Controller) -> None:
    change("PM", runtime="claude-code")
    settle(controller)
    assert (calls(engine, "PM"), calls(engine, "Ops")) == (["start", "start"], ["start"])


@pytest.mark.parametrize("images", [{"langgraph": "old:1"}, IMAGES])
def test_without_its_image_the_old_one_runs_on_with_a_token_that_works(
    running: None, change: Change, engine: FakeEngine, controller: Controller, settings: Any, images: dict[str, str]
) -> None:
    """No setting names it, or the registry has none of that name."""
    settings.ORGSITE_RUNTIME_IMAGES, engine.knobs.images = images, frozenset({"old:1"})
    before = container(engine, "PM")
    change("PM", runtime="claude-code")
    for _ in range(3):
        settle(controller)
        hurry()
    assert container(engine, "PM") is before
    assert "claude-code" in row_of("PM").last_error or "new:1" in row_of("PM").last_error
    token = find_workspace_token(before.environment["ORGSITE_WORKSPACE_TOKEN"])
    assert token
    assert token.revoked_at is None
    assert row_of("PM").generation == 2


def test_once_the_image_is_there_the_new_one_starts_and_the_old_token_ends(
    running: None, change: Change, engine: FakeEngine, controller: Controller
) -> None:
    engine.knobs.images = frozenset({"old:1"})
    before = container(engine, "PM")
    change("PM", runtime="claude-code")
    settle(controller)
    engine.knobs.images = None
    hurry()
    settle(controller)
    assert container(engine, "PM").image == "new:1"
    texts = [each.environment["ORGSITE_WORKSPACE_TOKEN"] for each in (before, container(engine, "PM"))]
    assert [bool(found.revoked_at) for text in texts if (found := find_workspace_token(text))] == [True, False]


def test_it_settles_a_delivery_too(running: None, change: Change, engine: FakeEngine, controller: Controller) -> None:
    change("PM", role="leads")
    change("PM", runtime="claude-code")
    settle(controller)
    assert calls(engine, "PM") == ["start", "start"]
    assert described(engine, "PM")["role"] == "leads"
    assert row_of("PM").delivered == row_of("PM").configuration


def test_one_by_a_run_belongs_to_that_run(
    running: None, controller: Controller, organization: Organization, actor: Actor
) -> None:
    run = StructureEvent.objects.filter(import_id__isnull=False).latest("pk").import_id
    Container.objects.update(import_id=None)
    with transaction.atomic():
        Organization.objects.lock([organization.pk])
        assert restart([key_of("PM")], why="asked", actor=actor, now=database_now(), import_id=run) == (key_of("PM"),)
    settle(controller)
    told = StructureEvent.objects.filter(event_type__in=["workspace.restarted", "workspace.online"]).order_by("-pk")[:2]
    assert [(each.event_type, each.import_id) for each in told] == [
        ("workspace.online", run),
        ("workspace.restarted", run),
    ]


def test_only_what_is_to_run_is_restarted(running: None, actor: Actor) -> None:
    cascade_delete([key_of("Ops")], actor=actor)
    keys = [key_of("Ops"), key_of("PM")]
    assert restart(keys, why="asked", actor=actor, now=database_now()) == (key_of("PM"),)
    assert events("restarted") == ["PM"]


def test_where_the_engine_can_not_deliver_a_new_prompt_restarts(
    running: None, change: Change, engine: FakeEngine, controller: Controller, settings: Any
) -> None:
    settings.ORGSITE_ENGINE = "swarm"
    change("PM", spec={"system_prompt": "You lead."})
    settle(controller)
    assert calls(engine, "PM") == ["start", "start"]
    assert events("restarted") == ["PM"]
    assert described(engine, "PM")["spec"] == {"system_prompt": "You lead."}


class EngineWithoutDeliveries(FakeEngine):
    deliver = None  # type: ignore[assignment]


def test_an_engine_that_can_not_deliver_leaves_nothing_due(merge: Merge) -> None:
    """A delivery was waiting when another engine was chosen."""
    engine = EngineWithoutDeliveries()
    merge({"PM": {}})
    settle(Controller(engine, grace=timedelta(0), concurrency=2))
    Container.objects.update(configuration=2, due_at=database_now())
    settle(Controller(engine, grace=timedelta(0), concurrency=2))
    assert row_of("PM").due_at is None


# ---- a workspace that becomes external, and comes back


def test_to_external_its_container_goes_its_data_stays_and_nobody_takes_it_for_a_stray(
    running: None, change: Change, engine: FakeEngine, controller: Controller
) -> None:
    engine.host.volumes[f"ws-{key_of('PM')}-data"].files["kept"] = b"kept"
    token = container(engine, "PM").environment["ORGSITE_WORKSPACE_TOKEN"]
    change("PM", external=True, url="https://agent.example")
    settle(controller)
    assert key_of("PM") not in engine.containers()
    assert engine.host.volumes[f"ws-{key_of('PM')}-data"].files["kept"] == b"kept"
    assert (events("released"), Workspace.objects.get(name="PM").status) == (["PM"], Status.ONLINE)
    found = find_workspace_token(token)
    assert found
    assert found.revoked_at
    assert survey(engine).clean


def test_one_that_never_started_is_online_once_it_is_external(
    merge: Merge, change: Change, engine: FakeEngine, controller: Controller
) -> None:
    merge({"PM": {}})
    change("PM", external=True)
    assert Workspace.objects.get(name="PM").status == Status.ONLINE
    settle(controller)
    assert (engine.containers(), events("online")) == ({}, ["PM"])


def test_back_from_external_it_runs_on_the_same_volumes(
    running: None, change: Change, engine: FakeEngine, controller: Controller
) -> None:
    engine.host.volumes[f"ws-{key_of('PM')}-data"].files["kept"] = b"kept"
    change("PM", external=True)
    settle(controller)
    change("PM", external=False)
    settle(controller)
    assert engine.host.volumes[f"ws-{key_of('PM')}-data"].files["kept"] == b"kept"
    assert container(engine, "PM").running
    token = find_workspace_token(container(engine, "PM").environment["ORGSITE_WORKSPACE_TOKEN"])
    assert token
    assert token.revoked_at is None
    assert Workspace.objects.get(name="PM").status == Status.ONLINE


def test_one_that_always_was_external_gets_its_first_container(
    organization: Organization, actor: Actor, change: Change, engine: FakeEngine, controller: Controller
) -> None:
    node = Node(name="PM", path="", external=True, url="https://agent.example")
    create_workspace(organization, node, parent_id=None, actor=actor)
    change("PM", external=False)
    settle(controller)
    assert container(engine, "PM").running
    assert Workspace.objects.get(name="PM").status == Status.ONLINE


# ---- edits by hand


def test_a_role_edited_by_hand_is_delivered(
    running: None, engine: FakeEngine, controller: Controller, actor: Actor
) -> None:
    edit_workspace(Workspace.objects.get(name="PM"), {"role": "leads"}, actor=actor)
    settle(controller)
    assert described(engine, "PM")["role"] == "leads"
    assert calls(engine, "PM") == ["start", "deliver"]


@pytest.mark.parametrize(("limits", "steps"), [({}, "deliver"), ({"3": {"cpus": 2}}, "start")])
def test_a_tier_edited_by_hand_restarts_where_the_limits_differ(
    running: None, engine: FakeEngine, controller: Controller, actor: Actor, settings: Any, limits: Any, steps: str
) -> None:
    settings.ORGSITE_DOCKER_LIMITS = limits
    edit_workspace(Workspace.objects.get(name="PM"), {"tier": 3}, actor=actor)
    settle(controller)
    assert described(engine, "PM")["tier"] == 3
    assert calls(engine, "PM") == ["start", steps]
    assert events("restarted") == (["PM"] if steps == "start" else [])


def test_protection_is_none_of_a_containers_business(
    running: None, engine: FakeEngine, controller: Controller, actor: Actor
) -> None:
    edit_workspace(Workspace.objects.get(name="PM"), {"protected": True}, actor=actor)
    settle(controller)
    assert calls(engine, "PM") == ["start"]
