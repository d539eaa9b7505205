"""The race guard: what is removed never comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import StructureEvent
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.errors import TooOften, WorkspaceRemoved
from workspaces.models import Counter, Organization, Status, Workspace
from workspaces.services.imports.importing import apply_import
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.workspace.presence import HEARTBEAT_GRAIN, REGISTRATIONS, heartbeat, register


@pytest.fixture
def pm(organization: Organization, actor: Actor) -> Workspace:
    apply_import(organization, loaded({"PM": {}}), mode=Mode.MERGE, actor=actor)
    return Workspace.objects.get()


def test_a_heartbeat_is_noted_and_writes_no_history(pm: Workspace) -> None:
    heartbeat(pm.pk)
    pm.refresh_from_db()
    assert pm.last_heartbeat_at is not None
    assert pm.history.count() == 1


def test_a_heartbeat_brings_an_offline_workspace_online_and_says_so(pm: Workspace) -> None:
    Workspace.objects.update(status=Status.OFFLINE)
    heartbeat(pm.pk)
    pm.refresh_from_db()
    assert pm.status == Status.ONLINE
    assert StructureEvent.objects.filter(event_type="workspace.online", payload__why="heartbeat").count() == 1


@pytest.mark.parametrize("call", [heartbeat, lambda key: register(key, url="https://agent.example")])
def test_neither_heartbeat_nor_registration_brings_a_removed_workspace_back(pm: Workspace, actor: Actor, call) -> None:
    cascade_delete([pm.pk], actor=actor)
    before = Workspace.objects.values().get()
    with pytest.raises(WorkspaceRemoved):
        call(pm.pk)
    assert Workspace.objects.values().get() == before


def test_a_registration_keeps_the_address(pm: Workspace) -> None:
    register(pm.pk, url="https://agent.example")
    pm.refresh_from_db()
    assert pm.reported_url == "https://agent.example"


# ---- an agent that talks without end

HERE = "https://agent.example"


def writes(function: Callable[[], None]) -> int:
    with CaptureQueriesContext(connection) as queries:
        function()
    return sum(not query["sql"].startswith(("SELECT", "SAVEPOINT", "RELEASE")) for query in queries)


def told(pm: Workspace) -> tuple[int, int]:
    """Events and history rows of the workspace."""
    return StructureEvent.objects.filter(workspace_id=pm.pk).count(), pm.history.count()


def aged(pm: Workspace, age: timedelta) -> None:
    Workspace.objects.filter(pk=pm.pk).update(last_heartbeat_at=timezone.now() - age)


def test_what_an_agent_says_again_is_not_written(pm: Workspace) -> None:
    register(pm.pk, url=HERE)
    before = told(pm)
    assert [writes(lambda: register(pm.pk, url=HERE)) for _ in range(30)] == [0] * 30
    assert [writes(lambda: heartbeat(pm.pk)) for _ in range(30)] == [0] * 30
    assert told(pm) == before


@pytest.mark.parametrize("call", [heartbeat, lambda key: register(key, url=HERE)], ids=["heartbeat", "register"])
def test_a_sign_of_life_is_written_once_it_is_news(pm: Workspace, call: Callable[..., None]) -> None:
    register(pm.pk, url=HERE)
    aged(pm, HEARTBEAT_GRAIN + timedelta(seconds=1))
    before = told(pm)
    assert writes(lambda: call(pm.pk)) == 1
    pm.refresh_from_db()
    assert pm.last_heartbeat_at
    assert timezone.now() - pm.last_heartbeat_at < HEARTBEAT_GRAIN
    assert told(pm) == before


def test_a_heartbeat_from_a_clock_that_was_ahead_is_overwritten(pm: Workspace) -> None:
    aged(pm, -timedelta(hours=1))
    heartbeat(pm.pk)
    pm.refresh_from_db()
    assert pm.last_heartbeat_at
    assert pm.last_heartbeat_at <= timezone.now()


def test_changes_of_address_are_bounded_and_heartbeats_go_on(pm: Workspace) -> None:
    before = told(pm)
    for number in range(REGISTRATIONS):
        register(pm.pk, url=f"{HERE}/{number}")
    at_most = told(pm)
    assert at_most == (before[0] + REGISTRATIONS, before[1] + REGISTRATIONS)
    for number in range(20):
        with pytest.raises(TooOften) as refusal:
            register(pm.pk, url=f"{HERE}/more/{number}")
        assert 0 < refusal.value.seconds <= 60
    heartbeat(pm.pk)
    pm.refresh_from_db()
    assert (pm.reported_url, told(pm)) == (f"{HERE}/{REGISTRATIONS - 1}", at_most)


def test_a_refused_registration_writes_nothing(pm: Workspace) -> None:
    urls: Iterator[str] = (f"{HERE}/{number}" for number in range(100))
    for _ in range(REGISTRATIONS):
        register(pm.pk, url=next(urls))

    def refused() -> None:
        with pytest.raises(TooOften):
            register(pm.pk, url=next(urls))

    assert [writes(refused) for _ in range(3)] == [0, 0, 0]


def test_one_workspace_takes_no_turn_of_another(organization: Organization, actor: Actor) -> None:
    apply_import(organization, loaded({"PM": {}, "QA": {}}), mode=Mode.MERGE, actor=actor)
    one, other = Workspace.objects.order_by("name")
    for number in range(REGISTRATIONS):
        register(one.pk, url=f"{HERE}/{number}")
    register(other.pk, url=HERE)
    other.refresh_from_db()
    assert other.reported_url == HERE


def test_the_minute_ends(pm: Workspace) -> None:
    for number in range(REGISTRATIONS):
        register(pm.pk, url=f"{HERE}/{number}")
    Counter.objects.update(ends_at=timezone.now() - timedelta(hours=1))
    register(pm.pk, url=HERE)
    pm.refresh_from_db()
    assert pm.reported_url == HERE


def test_an_agent_that_is_offline_registers_what_is_known_and_is_online(pm: Workspace) -> None:
    register(pm.pk, url=HERE)
    Workspace.objects.update(status=Status.OFFLINE)
    register(pm.pk, url=HERE)
    pm.refresh_from_db()
    assert pm.status == Status.ONLINE
