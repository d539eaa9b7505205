"""Containers and data of what comes back: the rows say what a worker has to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.models import StructureEvent
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.containers.lifecycle import Observed
from workspaces.core.planning.plan_values import Mode
from workspaces.core.template import Node, Template
from workspaces.errors import NothingToUndo, RemovalNotConfirmed
from workspaces.models import Container, ImportRun, Organization, Status, Workspace
from workspaces.services.containers.installation import installation
from workspaces.services.imports.importing import Confirmation, apply_import
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.templates.loader import LoadedTemplate
from workspaces.services.undo.undoing import UndoConfirmation, Undone, apply_undo, preview_undo

pytestmark = pytest.mark.django_db

ALICE = Actor(name="alice")
WAITS, GOES = {"keep_volumes": False}, {"keep_volumes": False, "purge_at": None, "purged_at": None}


@pytest.fixture(autouse=True)
def _with_containers(settings: Any) -> None:
    settings.ORGSITE_ENGINE = "fake"
    installation()


@pytest.fixture
def pm(organization: Organization) -> Workspace:
    apply_import(organization, loaded({"PM": {}, "Other": {}}), mode=Mode.MERGE, actor=ALICE)
    return Workspace.objects.get(name="PM")


def remove(pm: Workspace, data: DataPolicy = DataPolicy.WAIT, **row: Any) -> ImportRun:
    """Remove it; `row` is what becomes of its container."""
    run = cascade_delete([pm.pk], actor=ALICE, data=data).runs[0]
    Container.objects.filter(pk=pm.pk).update(**{"due_at": None, "released_at": timezone.now(), **row})
    return run


def undo(run: ImportRun, **confirmation: Any) -> Undone:
    return apply_undo(run, actor=ALICE, confirmation=UndoConfirmation(**confirmation))


def container(pm: Workspace) -> Container:
    return Container.objects.get(pk=pm.pk)


def external(value: bool) -> LoadedTemplate:
    node = Node(name="PM", path="workspaces[0]", external=value, url="https://agent.example" if value else "")
    template = Template(name="Dev team", workspaces=(node,))
    return LoadedTemplate(template=template, source="", sha256=template.digest)


def turn(organization: Organization, *, to_external: bool) -> ImportRun:
    sure = Confirmation(confirm_removals=0)
    return apply_import(
        organization, external(to_external), mode=Mode.RECONCILE, actor=ALICE, confirmation=sure
    ).run  # fmt: skip


def test_a_container_is_wanted_anew_on_the_volumes_that_wait(pm: Workspace) -> None:
    before = container(pm)
    run = undo(remove(pm, attempts=3, losses=2, last_error="it would not stop")).run
    row = container(pm)
    assert (row.desired, row.generation, row.import_id) == ("running", before.generation + 1, run.pk)
    assert (row.keep_volumes, row.purge_at, row.purged_at, row.released_at) == (False, None, None, None)
    assert (row.attempts, row.losses, row.last_error) == (0, 0, "")
    assert row.due_at
    assert row.due_at <= timezone.now()
    pm.refresh_from_db()
    assert pm.status == Status.PROVISIONING


def test_a_worker_that_is_at_it_keeps_its_lease(pm: Workspace) -> None:
    until = timezone.now() + timedelta(seconds=15)
    run = remove(pm, leased_by="worker", leased_until=until, observed=Observed.STOPPING)
    undo(run)
    row = container(pm)
    assert (row.leased_by, row.leased_until, row.observed) == ("worker", until, Observed.STOPPING)


def test_one_that_never_had_a_container_gets_one(pm: Workspace) -> None:
    run = remove(pm)
    Container.objects.filter(pk=pm.pk).delete()
    undo(run)
    assert (container(pm).desired, container(pm).generation) == ("running", 1)


@pytest.mark.parametrize(
    ("data", "row"),
    [(DataPolicy.WAIT, {}), (DataPolicy.KEEP, {}), (DataPolicy.WAIT, {"purge_at": timezone.now() - timedelta(days=1)})],
    ids=["it waits", "it is kept", "its time is over, and nobody has begun"],
)
def test_data_that_is_there_comes_back_without_a_question(pm: Workspace, data: DataPolicy, row: dict[str, Any]) -> None:
    done = undo(remove(pm, data, **row))
    assert (done.run.restored_count, done.plan.data_lost) == (1, ())
    assert not container(pm).keeps_data


def test_data_that_was_destroyed_takes_the_number_of_empty_ones(pm: Workspace) -> None:
    run = remove(pm, **{**GOES, "purged_at": timezone.now()})
    for number in (None, 0, 2):
        with pytest.raises(RemovalNotConfirmed) as refused:
            undo(run, confirm_data_loss=number)
        assert (refused.value.confirm_data_loss, refused.value.confirm_removals) == (1, None)
    undo(run, confirm_data_loss=1)
    assert StructureEvent.objects.get(event_type="workspace.restored").payload["data_lost"] is True
    assert container(pm).purged_at is None


def test_data_that_is_being_destroyed_is_waited_for(pm: Workspace) -> None:
    run = remove(pm, **GOES)
    with pytest.raises(NothingToUndo, match="its data is being destroyed just now: look again in a moment"):
        undo(run)
    assert container(pm).desired == "absent"


def test_with_data_that_is_destroyed_at_once_nothing_else_is_said(pm: Workspace, settings: Any) -> None:
    settings.ORGSITE_DATA_GRACE = 0
    run = remove(pm, due_at=timezone.now(), released_at=None)
    assert [row.obstacle for row in preview_undo(run).cannot] == [
        "its data is being destroyed just now: look again in a moment"
    ]


def test_a_machine_that_does_not_answer_is_named(pm: Workspace) -> None:
    run = remove(pm, node="east")
    causes = []
    for nodes in ({}, {"east": True, "west": True}, {"east": False, "west": True}):
        type(installation()).objects.update(nodes=nodes)
        causes += [row.cause for row in preview_undo(run).restored]
    assert causes[0] == causes[1] == "removed by that run"
    assert "its data is on east, which does not answer" in causes[2]


def test_data_on_a_machine_that_has_left_is_lost(pm: Workspace) -> None:
    run = remove(pm, node="east")
    type(installation()).objects.update(nodes={"west": True})
    (row,) = preview_undo(run).data_lost
    assert row.cause == "removed by that run; its data was on east, which is gone: it comes back empty"
    with pytest.raises(RemovalNotConfirmed):
        undo(run)
    undo(run, confirm_data_loss=1)


# ---- without an engine


def test_without_an_engine_it_is_online_at_once(pm: Workspace, settings: Any) -> None:
    settings.ORGSITE_ENGINE = "none"
    Container.objects.all().delete()
    undo(remove(pm))
    pm.refresh_from_db()
    assert (pm.status, Container.objects.count()) == (Status.ONLINE, 0)
    told = StructureEvent.objects.filter(workspace_id=pm.pk).order_by("-id")
    assert [row.event_type for row in told[:2]] == ["workspace.online", "workspace.restored"]


@pytest.mark.parametrize("row", [{}, GOES, {**GOES, "purged_at": timezone.now()}], ids=["waits", "goes", "destroyed"])
def test_without_an_engine_no_data_is_lost_and_none_is_purged_later(
    pm: Workspace, settings: Any, row: dict[str, Any]
) -> None:
    settings.ORGSITE_ENGINE = "none"
    assert undo(remove(pm, **row)).plan.data_lost == ()
    now = container(pm)
    assert (now.desired, now.purge_at, now.purged_at, now.keep_volumes) == ("running", None, None, False)


# ---- external ones


def test_an_external_one_is_online_at_once_and_what_it_had_is_kept(pm: Workspace, organization: Organization) -> None:
    turn(organization, to_external=True)
    undo(remove(pm))
    pm.refresh_from_db()
    row = container(pm)
    assert (pm.status, pm.external, row.desired) == (Status.ONLINE, True, "absent")
    assert (row.keep_volumes, row.purge_at) == (True, None)
    assert StructureEvent.objects.latest("id").event_type == "org.import.completed"
    assert StructureEvent.objects.filter(event_type="workspace.online").latest("id").workspace_id == pm.pk


def test_one_that_became_external_gets_its_container_back(pm: Workspace, organization: Organization) -> None:
    run = turn(organization, to_external=True)
    assert container(pm).desired == "absent"
    undo(run)
    pm.refresh_from_db()
    assert (pm.external, pm.url, pm.status, container(pm).desired) == (False, "", Status.PROVISIONING, "running")


def test_what_was_purged_while_it_was_external_does_not_count_for_its_next_container(
    pm: Workspace, organization: Organization
) -> None:
    turn(organization, to_external=True)
    undo(remove(pm, **{**GOES, "purged_at": timezone.now()}), confirm_data_loss=1)
    turn(organization, to_external=False)
    assert (container(pm).desired, container(pm).purged_at) == ("running", None)
    assert preview_undo(remove(pm)).data_lost == ()


def test_one_whose_container_would_go_again_takes_a_confirmation(pm: Workspace, organization: Organization) -> None:
    turn(organization, to_external=True)
    run = turn(organization, to_external=False)
    with pytest.raises(RemovalNotConfirmed, match="1 container of what becomes external"):
        undo(run)
    undo(run, confirm_removals=0)
    assert (container(pm).desired, container(pm).keep_volumes) == ("absent", True)
