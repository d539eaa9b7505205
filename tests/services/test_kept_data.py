"""The data of removed workspaces: totals for each organization, and the rows behind them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from lib import bounded_count
from tests.services.test_statements import statements
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.core.containers.data_policy import DataPolicy
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Container, Organization, Workspace
from workspaces.services.imports.importing import apply_import
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.removal.footprint import kept_until
from workspaces.services.removal.kept_data import KeptRows, kept_rows, total_of, totals_for

Leave = Callable[..., None]
GB = 1024**3


@pytest.fixture(autouse=True)
def _with_containers(settings: Any) -> None:
    settings.ORGSITE_ENGINE = "fake"


@pytest.fixture
def leave(organization: Organization, actor: Actor) -> Leave:
    """Make workspaces with so many bytes each, and remove them."""

    def make(
        *names: str, size: int | None = GB, data: DataPolicy = DataPolicy.WAIT, where: Organization = organization
    ) -> None:
        apply_import(where, loaded({name: {} for name in names}), mode=Mode.MERGE, actor=actor)
        rows = Container.objects.filter(organization=where, workspace__name__in=names)
        rows.update(volume_bytes=size)
        cascade_delete(list(rows.values_list("pk", flat=True)), actor=actor, reason="tidy up", data=data)

    return make


def deadline(name: str) -> datetime:
    until = Container.objects.get(workspace__name=name).purge_at
    assert until
    return until


def test_what_waits_and_what_is_kept_are_told_apart(leave: Leave, alice: User) -> None:
    leave("A", "B")
    leave("C", data=DataPolicy.KEEP)
    leave("D", data=DataPolicy.ERASE)
    (total,) = totals_for(alice)
    assert (total.waits.count.number, total.waits.bytes, total.waits.first) == (2, 2 * GB, deadline("A"))
    assert (total.kept.count.number, total.kept.bytes, total.kept.first) == (1, GB, None)


def test_volumes_that_were_not_measured_are_counted_apart(leave: Leave, alice: User) -> None:
    leave("A")
    leave("B", size=None)
    (total,) = totals_for(alice)
    assert (total.waits.bytes, total.waits.unmeasured) == (GB, 1)
    Container.objects.update(volume_bytes=None)
    assert totals_for(alice)[0].waits.bytes is None


def test_another_organizations_data_is_not_seen(
    leave: Leave, alice: User, charlie: User, elsewhere: Organization
) -> None:
    leave("A")
    leave("B", where=elsewhere)
    assert [total.organization.slug for total in totals_for(alice)] == ["acme"]
    assert [row.name for row in KeptRows(totals=totals_for(charlie))[0:10]] == ["B"]


def test_kept_data_of_a_live_external_one_is_no_removed_ones(leave: Leave, alice: User) -> None:
    leave("A", data=DataPolicy.KEEP)
    Workspace.objects.update(status="online", removed_at=None, external=True)
    assert totals_for(alice) == []


def test_an_organization_is_counted_so_far_and_no_further(
    leave: Leave, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave("A", "B", "C", "D")
    monkeypatch.setattr(bounded_count, "COUNTED", 2)
    waits, _ = total_of(totals_for(alice))
    assert waits.bytes == 3 * GB


def test_rows_come_with_the_nearest_deadline_first_and_what_is_kept_last(leave: Leave, alice: User) -> None:
    leave("Later")
    leave("Kept", data=DataPolicy.KEEP)
    leave("Sooner")
    Container.objects.filter(workspace__name="Sooner").update(purge_at=timezone.now() + timedelta(hours=1))
    rows = KeptRows(totals=totals_for(alice))
    assert [row.path for row in rows[0:10]] == [("Sooner",), ("Later",), ("Kept",)]
    assert [row.name for row in rows[1:2]] == ["Later"]
    assert [row.name for row in rows[2:3]] == ["Kept"]
    assert len(rows) == 3


def test_a_row_has_its_tombstone(leave: Leave, organization: Organization) -> None:
    leave("A")
    (row,) = kept_rows(list(Workspace.objects.values_list("pk", flat=True)))
    assert (row.organization, row.tombstone.by, row.tombstone.reason) == ("Acme", "alice", "tidy up")
    assert row.tombstone.restorable_until == deadline("A")


def test_what_came_back_or_lost_its_data_has_no_row(leave: Leave) -> None:
    leave("A", data=DataPolicy.ERASE)
    leave("B", data=DataPolicy.KEEP)
    Workspace.objects.filter(name="B").update(status="online", removed_at=None)
    assert kept_rows(list(Workspace.objects.values_list("pk", flat=True))) == []


@pytest.mark.parametrize("number", [2, 60])
def test_statements_do_not_grow_with_the_rows(
    leave: Leave, alice: User, organization: Organization, elsewhere: Organization, number: int
) -> None:
    for where in (organization, elsewhere):
        leave(*(f"W{n}" for n in range(number)), where=where)
        leave(*(f"K{n}" for n in range(number)), where=where, data=DataPolicy.KEEP)
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    user = User.objects.get(pk=alice.pk)
    assert statements(lambda: totals_for(user)) == 1
    totals = totals_for(user)
    assert statements(lambda: KeptRows(totals=totals)[0:1_000]) == 7
    assert len(KeptRows(totals=totals)[0:1_000]) == 4 * number


@pytest.mark.parametrize(("grace", "waits"), [(0, False), (3_600, True)])
def test_the_deadline_of_a_removal_of_now_is_known_before(settings: Any, grace: int, waits: bool) -> None:
    settings.ORGSITE_DATA_GRACE = grace
    until = kept_until()
    assert (until is not None) == waits
    assert until is None or abs((until - timezone.now()).total_seconds() - grace) < 60
