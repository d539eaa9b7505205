"""Several callers at the same row, on PostgreSQL, where they really run at the same time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from audit.models import StructureEvent
from tests.races import at_once
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.core.planning.plan_values import Mode
from workspaces.models import ImportRun, Organization, Status, Workspace
from workspaces.services.imports.importing import apply_import
from workspaces.services.plans.abandoned_runs import close_interrupted
from workspaces.services.removal.cascading import cascade_delete, delete_workspace
from workspaces.services.security.tokens import issue_workspace_token
from workspaces.services.workspace.adding import create_workspace
from workspaces.services.workspace.editing import edit_workspace
from workspaces.services.workspace.presence import heartbeat, register

ALICE = Actor(name="alice")

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        "connection.vendor == 'sqlite'", reason="SQLite has one writer at a time; PostgreSQL's half shows this"
    ),
]


@pytest.fixture
def pm(organization: Organization) -> Workspace:
    apply_import(organization, loaded({"PM": {"Dev": {}}}), mode=Mode.MERGE, actor=ALICE)
    return Workspace.objects.select_related("organization").get(name="PM")


@pytest.mark.parametrize("_", range(20))
def test_heartbeats_at_once_wake_a_workspace_once(pm: Workspace, _: int) -> None:
    Workspace.objects.filter(pk=pm.pk).update(status=Status.OFFLINE)
    at_once(*[lambda: heartbeat(pm.pk)] * 4)
    assert StructureEvent.objects.filter(workspace_id=pm.pk, payload__why="heartbeat").count() == 1


@pytest.mark.parametrize("_", range(20))
def test_nothing_brings_back_what_is_removed_at_the_same_moment(pm: Workspace, _: int) -> None:
    Workspace.objects.filter(pk=pm.pk).update(status=Status.OFFLINE)
    at_once(
        lambda: heartbeat(pm.pk),
        lambda: cascade_delete([pm.pk], actor=ALICE),
        lambda: register(pm.pk, url="https://agent.example"),
        lambda: issue_workspace_token(pm, actor=ALICE),
    )
    pm.refresh_from_db()
    assert pm.status == Status.REMOVED
    assert not pm.tokens.filter(revoked_at=None).exists()


CALLS: dict[str, Callable[[Workspace], Any]] = {
    "import": lambda pm: apply_import(pm.organization, loaded({"New": {}}), mode=Mode.MERGE, actor=ALICE),
    "cascade_delete": lambda pm: cascade_delete([pm.pk], actor=ALICE),
    "delete_workspace": lambda pm: delete_workspace(pm, confirmed=False, actor=ALICE),
    "edit_workspace": lambda pm: edit_workspace(pm, {"tier": 1}, actor=ALICE),
    "issue_workspace_token": lambda pm: issue_workspace_token(pm, actor=ALICE),
    "create_workspace": lambda pm: create_workspace(
        pm.organization, loaded({"New": {}}).template.workspaces[0], parent_id=None, actor=ALICE
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_every_structural_change_waits_for_the_organization(pm: Workspace, name: str, settings: Any) -> None:
    settings.ORGSITE_LOCK_TIMEOUT = 1
    before = Workspace.objects.order_by("pk").values_list("pk", "status", "tier")
    unchanged = list(before)

    def refused() -> None:
        with pytest.raises(OperationalError):
            CALLS[name](pm)

    with transaction.atomic():
        Organization.objects.select_for_update(no_key=True).get(pk=pm.organization_id)
        at_once(refused)
    assert list(before) == unchanged


def test_an_open_run_under_a_lock_is_not_abandoned(organization: Organization, pm: Workspace) -> None:
    long_ago = timezone.now() - timedelta(days=1)
    ImportRun.objects.update(state="running", finished_at=None, owner="another-host/1/1", started_at=long_ago)
    closed: list[int] = []
    with transaction.atomic():
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        at_once(lambda: closed.append(close_interrupted()))
    assert closed == [0]
    assert close_interrupted() == 1


@pytest.mark.parametrize("victim", ["workspace.provisioning", "workspace.removed"])
def test_a_connection_lost_while_events_are_written_is_no_success(organization: Organization, victim: str) -> None:
    apply_import(organization, loaded({"Old": {}}), mode=Mode.MERGE, actor=ALICE)
    root = Workspace.objects.get(name="Old")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER die BEFORE INSERT ON structure_events FOR EACH ROW WHEN (NEW.event_type = '{victim}') "
            f"EXECUTE FUNCTION die()"
        )
    change = {
        "workspace.removed": lambda: cascade_delete([root.pk], actor=ALICE),
        "workspace.provisioning": lambda: apply_import(organization, loaded({"New": {}}), mode=Mode.MERGE, actor=ALICE),
    }[victim]
    try:
        with pytest.raises((OperationalError, InterfaceError)):
            change()
    finally:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION die() CASCADE")
    assert list(Workspace.objects.live().values_list("name", flat=True)) == ["Old"]
    close_interrupted()
    assert not ImportRun.objects.filter(state="running").exists()
