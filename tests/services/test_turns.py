"""Organizations take turns: one with many due containers never holds up another one's few."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lib.database_clock import database_now
from tests.trees import loaded
from workspaces.access import Actor
from workspaces.core.containers.lifecycle import Desired
from workspaces.core.planning.plan_values import Mode
from workspaces.models import Container, Organization, Workspace
from workspaces.services.containers.leases import Claim, claim_due
from workspaces.services.imports.importing import apply_import
from workspaces.services.removal.cascading import cascade_delete


@pytest.fixture(autouse=True)
def _with_containers(settings: Any) -> None:
    settings.ORGSITE_ENGINE = "fake"


def wants(organization: Organization, actor: Actor, *, number: int, minutes_ago: int = 0) -> None:
    """So many containers of the organization are due since then."""
    apply_import(organization, loaded({f"W{each}": {} for each in range(number)}), mode=Mode.MERGE, actor=actor)
    due_at = database_now() - timedelta(minutes=minutes_ago)
    Container.objects.filter(organization=organization).update(due_at=due_at)


def shares(claims: list[Claim]) -> dict[str, int]:
    keys = [claim.workspace_id for claim in claims]
    return dict(Counter(Workspace.objects.filter(pk__in=keys).values_list("organization__slug", flat=True)))


def done(claims: list[Claim], *, by: str) -> None:
    mine = Container.objects.filter(pk__in=[claim.workspace_id for claim in claims], leased_by=by)
    mine.update(leased_until=None, leased_by="", due_at=None)


def remove_all(actor: Actor) -> None:
    due = dict(Container.objects.values_list("pk", "due_at"))
    cascade_delete(list(due), actor=actor)
    for key, moment in due.items():
        Container.objects.filter(pk=key).update(due_at=moment)


@pytest.fixture(params=list(Desired))
def desired(request: pytest.FixtureRequest) -> Desired:
    return request.param


def test_one_start_comes_at_once_beside_hundreds_that_wait_longer(
    organization: Organization, elsewhere: Organization, actor: Actor, desired: Desired
) -> None:
    wants(organization, actor, number=90, minutes_ago=10)
    wants(elsewhere, actor, number=1)
    if desired is Desired.ABSENT:
        remove_all(actor)
    assert shares(claim_due("worker", desired=desired, limit=8)) == {"acme": 7, "elsewhere": 1}


def test_it_comes_even_where_there_is_room_for_one_at_a_time(
    organization: Organization, elsewhere: Organization, actor: Actor, desired: Desired
) -> None:
    """A full worker takes a next one whenever one has ended."""
    wants(organization, actor, number=90, minutes_ago=10)
    wants(elsewhere, actor, number=1)
    if desired is Desired.ABSENT:
        remove_all(actor)
    taken = claim_due("full", desired=desired, limit=1)
    assert shares(taken) == {"acme": 1}
    assert shares(claim_due("full", desired=desired, limit=1)) == {"elsewhere": 1}


def test_several_organizations_share_what_there_is_room_for(actor: Actor, db: None) -> None:
    for name, number in (("a", 40), ("b", 30), ("c", 2), ("d", 0)):
        wants(Organization.objects.create(slug=name, name=name), actor, number=number, minutes_ago=number)
    assert shares(claim_due("worker", desired=Desired.RUNNING, limit=12)) == {"a": 5, "b": 5, "c": 2}


def test_what_others_are_at_counts_for_an_organization(
    organization: Organization, elsewhere: Organization, actor: Actor
) -> None:
    wants(organization, actor, number=30, minutes_ago=10)
    claim_due("another", desired=Desired.RUNNING, limit=6)
    wants(elsewhere, actor, number=30)
    assert shares(claim_due("worker", desired=Desired.RUNNING, limit=6)) == {"elsewhere": 6}
    assert shares(claim_due("worker", desired=Desired.RUNNING, limit=6)) == {"acme": 3, "elsewhere": 3}


def test_a_lease_that_ran_out_counts_no_more_and_is_taken_again(
    organization: Organization, elsewhere: Organization, actor: Actor
) -> None:
    wants(organization, actor, number=6, minutes_ago=10)
    wants(elsewhere, actor, number=6)
    claim_due("killed", desired=Desired.RUNNING, limit=12)
    Container.objects.update(leased_until=database_now() - timedelta(seconds=1))
    assert shares(claim_due("worker", desired=Desired.RUNNING, limit=8)) == {"acme": 4, "elsewhere": 4}


def test_within_an_organization_whoever_has_waited_longer_comes_first(organization: Organization, actor: Actor) -> None:
    wants(organization, actor, number=9)
    waited = {f"W{each}": timedelta(minutes=each) for each in (3, 8, 5)}
    for name, since in waited.items():
        Container.objects.filter(workspace__name=name).update(due_at=database_now() - since)
    names = dict(Workspace.objects.values_list("pk", "name"))
    assert [names[claim.workspace_id] for claim in claim_due("worker", desired=Desired.RUNNING, limit=3)] == [
        "W8",
        "W5",
        "W3",
    ]


def test_neither_what_is_not_due_nor_what_should_be_otherwise_is_taken(
    organization: Organization, elsewhere: Organization, actor: Actor
) -> None:
    wants(organization, actor, number=3)
    wants(elsewhere, actor, number=3)
    Container.objects.filter(organization=elsewhere).update(due_at=database_now() + timedelta(minutes=1))
    assert claim_due("worker", desired=Desired.ABSENT, limit=9) == []
    assert shares(claim_due("worker", desired=Desired.RUNNING, limit=9)) == {"acme": 3}


def test_everybody_gets_something_until_nothing_is_left(
    organization: Organization, elsewhere: Organization, actor: Actor
) -> None:
    wants(organization, actor, number=25, minutes_ago=5)
    wants(elsewhere, actor, number=5)
    taken: list[UUID] = []
    while claims := claim_due("worker", desired=Desired.RUNNING, limit=4):
        taken += [claim.workspace_id for claim in claims]
        done(claims, by="worker")
    assert len(taken) == len(set(taken)) == 30


def test_a_claim_takes_as_many_statements_for_many_organizations_as_for_one(actor: Actor, db: None) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            claim_due("worker", desired=Desired.RUNNING, limit=4)
        return len(queries)

    wants(Organization.objects.create(slug="first", name="First"), actor, number=9)
    before = statements()
    for number in range(9):
        wants(Organization.objects.create(slug=f"o{number}", name=f"O{number}"), actor, number=9)
    assert statements() == before


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_workers_that_claim_at_the_same_time_get_different_ones(
    organization: Organization, elsewhere: Organization, actor: Actor
) -> None:
    wants(organization, actor, number=60, minutes_ago=5)
    wants(elsewhere, actor, number=60)
    together, taken = Barrier(3), []

    def claim(worker: str) -> None:
        try:
            for _ in range(5):
                together.wait()
                taken.extend(claim_due(worker, desired=Desired.RUNNING, limit=6))
        finally:
            connection.close()

    threads = [Thread(target=claim, args=(f"worker {number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = [each.workspace_id for each in taken]
    assert len(keys) == len(set(keys)) > 30
