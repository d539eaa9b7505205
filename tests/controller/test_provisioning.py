"""From a row that is to run to a running container with what it needs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from audit.models import StructureEvent
from tests.controller.conftest import Merge, events, hurry, key_of, settle, wait_for
from tests.trees import AFTER, BEFORE
from workspaces.access import SYSTEM, Actor
from workspaces.core.template import Node
from workspaces.engines.fake import FakeEngine
from workspaces.models import Container, Organization, Status, Workspace, WorkspaceToken
from workspaces.services.containers.provisioning import prepare
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.security.tokens import find_workspace_token, revoke_workspace_tokens
from workspaces.services.workspace.adding import create_workspace
from workspaces.worker.controller import Controller


def statuses() -> set[str]:
    return set(Workspace.objects.live().values_list("status", flat=True))


def test_an_import_ends_with_a_running_container_for_each(
    merge: Merge, controller: Controller, engine: FakeEngine
) -> None:
    merge(BEFORE)
    assert statuses() == {Status.PROVISIONING}
    settle(controller)
    assert set(engine.containers()) == set(Workspace.objects.values_list("pk", flat=True))
    assert statuses() == {Status.ONLINE}
    assert len(events("online")) == 9


def test_what_runs_is_left_alone_by_the_next_import(merge: Merge, controller: Controller, engine: FakeEngine) -> None:
    merge(BEFORE)
    settle(controller)
    before = {each.id for each in engine.host.containers.values()}
    merge(AFTER)
    settle(controller)
    after = {each.id for each in engine.host.containers.values()}
    assert before < after
    assert len(after) == 17


def test_the_events_and_the_history_name_the_import(merge: Merge, controller: Controller) -> None:
    merge({"PM": {}})
    settle(controller)
    told = StructureEvent.objects.get(event_type="workspace.online")
    assert told.import_id == StructureEvent.objects.get(event_type="org.import.completed").import_id
    assert told.payload["why"] == "its container runs"
    latest = Workspace.objects.get().history.latest()
    assert (latest.status, latest.history_actor) == (Status.ONLINE, "worker")


def test_a_container_gets_its_id_the_sites_address_and_a_token_that_works(
    merge: Merge, controller: Controller, engine: FakeEngine, settings: Any
) -> None:
    settings.ORGSITE_URL = "http://site.example"
    merge({"PM": {}})
    settle(controller)
    environment = engine.host.containers[f"ws-{key_of('PM')}"].environment
    assert environment["ORGSITE_WORKSPACE_ID"] == str(key_of("PM"))
    assert environment["ORGSITE_URL"] == "http://site.example"
    token = find_workspace_token(environment["ORGSITE_WORKSPACE_TOKEN"])
    assert token
    assert (token.workspace_id, token.revoked_at) == (key_of("PM"), None)


def test_the_runtime_chooses_the_image(
    organization: Organization, actor: Actor, controller: Controller, engine: FakeEngine, settings: Any
) -> None:
    settings.ORGSITE_RUNTIME_IMAGES = {"claude-code": "claude:2", "*": "agent:1"}
    create_workspace(organization, Node(name="Claude", path="", runtime="claude-code"), parent_id=None, actor=actor)
    create_workspace(organization, Node(name="Other", path=""), parent_id=None, actor=actor)
    settle(controller)
    images = {each.labels["orgsite.name"]: each.image for each in engine.host.containers.values()}
    assert images == {"Claude": "claude:2", "Other": "agent:1"}


def test_a_runtime_without_an_image_says_which_setting_to_change(
    merge: Merge, controller: Controller, settings: Any
) -> None:
    settings.ORGSITE_RUNTIME_IMAGES = {"claude-code": "claude:2"}
    merge({"PM": {}})
    settle(controller)
    row = Container.objects.get()
    assert row.last_error == "No image for the runtime “langgraph”: add it, or “*”, to ORGSITE_RUNTIME_IMAGES."
    settings.ORGSITE_RUNTIME_IMAGES = {"*": "agent:1"}
    hurry()
    settle(controller)
    assert statuses() == {Status.ONLINE}


def test_an_external_workspace_gets_no_container_and_is_online_at_once(
    organization: Organization, actor: Actor, controller: Controller, engine: FakeEngine
) -> None:
    node = Node(name="Elsewhere", path="", external=True, url="https://agent.example")
    create_workspace(organization, node, parent_id=None, actor=actor)
    assert statuses() == {Status.ONLINE}
    settle(controller)
    assert engine.containers() == {}
    cascade_delete([key_of("Elsewhere")], actor=actor)
    assert events("released") == ["Elsewhere"]


def test_a_failure_is_written_down_and_tried_again_until_it_works(
    merge: Merge, controller: Controller, engine: FakeEngine
) -> None:
    merge({"PM": {}})
    engine.knobs.refusing[key_of("PM")] = "no space left on device"
    for attempts in (1, 2, 3, 4):
        settle(controller)
        row = Container.objects.get()
        assert (row.attempts, row.last_error) == (attempts, "no space left on device")
        hurry()
    assert statuses() == {Status.FAILED}
    assert events("failed") == ["PM"]
    del engine.knobs.refusing[key_of("PM")]
    settle(controller)
    assert statuses() == {Status.ONLINE}
    assert (Container.objects.get().attempts, Container.objects.get().last_error) == (0, "")


def test_one_that_fails_does_not_hold_up_the_others(merge: Merge, controller: Controller, engine: FakeEngine) -> None:
    merge(BEFORE)
    engine.knobs.refusing[key_of("PM")] = "no space left on device"
    settle(controller)
    assert len(engine.containers()) == 8
    assert Container.objects.get(last_error="no space left on device").workspace.name == "PM"


def test_a_worker_that_takes_over_starts_it_with_the_same_token(merge: Merge) -> None:
    merge({"PM": {}})
    first, second = prepare([key_of("PM")]), prepare([key_of("PM")])
    assert first.wanted == second.wanted
    assert WorkspaceToken.objects.filter(revoked_at=None).count() == 1


def test_a_revoked_token_is_followed_by_another_one(merge: Merge) -> None:
    merge({"PM": {}})
    first = prepare([key_of("PM")]).wanted[key_of("PM")]
    revoke_workspace_tokens(WorkspaceToken.objects.all(), actor=SYSTEM)
    second = prepare([key_of("PM")]).wanted[key_of("PM")]
    texts = [each.environment["ORGSITE_WORKSPACE_TOKEN"] for each in (first, second)]
    assert [bool(found.revoked_at) for text in texts if (found := find_workspace_token(text))] == [True, False]


def test_a_removed_workspace_gets_no_token_however_late_the_worker_comes(merge: Merge, actor: Actor) -> None:
    merge({"PM": {}})
    cascade_delete([key_of("PM")], actor=actor)
    prepared = prepare([key_of("PM")])
    assert (prepared.wanted, prepared.errors) == ({}, {})
    assert not WorkspaceToken.objects.exists()


def test_what_the_volumes_hold_is_written_down(merge: Merge, controller: Controller, engine: FakeEngine) -> None:
    merge({"PM": {}})
    settle(controller)
    engine.host.volumes[f"ws-{key_of('PM')}-data"].files["heavy"] = b"x" * 5000
    again = Controller(engine, grace=timedelta(0), concurrency=1)
    wait_for(again, lambda: (Container.objects.get().volume_bytes or 0) >= 5000)
