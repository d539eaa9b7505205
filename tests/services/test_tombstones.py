"""Tombstones: what is known of removed workspaces, read for any number of them by three statements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.services.test_statements import statements
from tests.trees import REPLACING, Tree, loaded
from workspaces.access import Actor
from workspaces.core.containers.data_policy import DataFate, DataPolicy
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Container, ImportRun, Organization, Workspace
from workspaces.services.imports.importing import Confirmation, apply_import
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.removal.tombstones import Tombstone, tombstone_of, tombstones

WEEK = timedelta(days=7)
Live = Callable[[Tree], None]


@pytest.fixture(autouse=True)
def _with_containers(settings: Any) -> None:
    settings.ORGSITE_ENGINE = "fake"


@pytest.fixture
def live(organization: Organization, actor: Actor) -> Live:
    def make(tree: Tree) -> None:
        apply_import(organization, loaded(tree), mode=Mode.MERGE, actor=actor)

    return make


def named(name: str) -> Workspace:
    return Workspace.objects.get(name=name)


def removed(name: str, actor: Actor, *, reason: str = "", data: DataPolicy = DataPolicy.WAIT) -> Tombstone:
    cascade_delete([named(name).pk], actor=actor, reason=reason, data=data)
    return of(name)


def of(name: str) -> Tombstone:
    stone = tombstone_of(named(name).pk)
    assert stone
    return stone


def test_it_says_when_by_whom_why_by_which_run_and_until_when(live: Live, actor: Actor) -> None:
    live({"PM": {}})
    stone, run = removed("PM", actor, reason="TICKET-42"), ImportRun.objects.get(mode="remove")
    assert (stone.removed_at, stone.by, stone.reason) == (named("PM").removed_at, "alice", "TICKET-42")
    assert (stone.run_id, stone.run_number) == (run.pk, run.number)
    assert (stone.data, stone.restorable_until, stone.purged_at) == (DataFate.WAITS, stone.removed_at + WEEK, None)


def test_without_a_reason_it_says_what_the_plan_said(live: Live, organization: Organization, actor: Actor) -> None:
    live({"PM": {}, "Lab": {"QA": {}}})
    want, sure = loaded({"PM": {"QA": {}}, "Lab": {}}), Confirmation(confirm_removals=1)
    apply_import(organization, want, mode=Mode.RECONCILE, options=REPLACING, actor=actor, confirmation=sure)
    gone = Workspace.objects.get(name="QA", status="removed")
    assert tombstones([gone.pk])[gone.pk].reason == "same name as PM › QA"


def test_what_is_known_of_the_removal_is_not_what_is_said_of_it_later(live: Live, actor: Actor) -> None:
    """A purge by hand is in the history of a removed one, too."""
    live({"PM": {}})
    stone = removed("PM", actor)
    row = named("PM").history.latest()
    row.pk, row.history_date, row.history_change_reason = None, timezone.now(), "no room"
    row.save()
    assert of("PM") == stone
    assert (stone.why, stone.reason) == ("deleted", "deleted")


@pytest.mark.parametrize(
    ("data", "fate"), [(DataPolicy.WAIT, DataFate.WAITS), (DataPolicy.KEEP, DataFate.KEPT), (DataPolicy.ERASE, "goes")]
)
def test_it_says_what_becomes_of_the_data(live: Live, actor: Actor, data: DataPolicy, fate: DataFate) -> None:
    live({"PM": {}})
    Container.objects.update(volume_bytes=5)
    stone = removed("PM", actor, data=data)
    assert (stone.data, stone.kept, stone.bytes) == (fate, data is DataPolicy.KEEP, 5)
    assert (stone.restorable_until is None) == (data is not DataPolicy.WAIT)


def test_destroyed_data_says_since_when(live: Live, actor: Actor) -> None:
    live({"PM": {}})
    removed("PM", actor, data=DataPolicy.ERASE)
    now = timezone.now()
    Container.objects.update(purged_at=now, released_at=now, due_at=None)
    assert (of("PM").data, of("PM").purged_at, of("PM").restorable_until) == (DataFate.DESTROYED, now, None)


def test_a_record_without_a_container_has_no_data(live: Live, actor: Actor, settings: Any) -> None:
    settings.ORGSITE_ENGINE = "none"
    live({"PM": {}})
    stone = removed("PM", actor)
    assert (stone.data, stone.restorable_until, stone.bytes) == (DataFate.NONE, None, None)


def test_what_was_removed_before_there_were_runs_has_its_person_and_reason(live: Live, actor: Actor) -> None:
    live({"PM": {}})
    removed("PM", actor, reason="old")
    Workspace.objects.update(removed_by=None)
    assert (of("PM").by, of("PM").reason, of("PM").run_id, of("PM").run_number) == ("alice", "old", None, None)


def test_a_live_one_has_none(live: Live) -> None:
    live({"PM": {}})
    assert tombstone_of(named("PM").pk) is None
    assert tombstones([]) == {}


@pytest.mark.parametrize("width", [2, 300])
def test_three_statements_read_any_number(live: Live, actor: Actor, width: int) -> None:
    live({f"W{number}": {} for number in range(width)})
    for half in (range(width // 2), range(width // 2, width)):
        cascade_delete([named(f"W{number}").pk for number in half], actor=actor)
    ids = list(Workspace.objects.values_list("pk", flat=True))
    found: dict[Any, Any] = {}
    assert statements(lambda: found.update(tombstones(ids))) == 3
    assert len({stone.run_number for stone in found.values()}) == 2
    assert len(found) == width


def test_no_ids_take_no_statement(db: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        tombstones([])
    assert not queries.captured_queries
