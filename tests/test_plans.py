"""Every page and list over 30,000 workspaces and 300,000 events: what PostgreSQL reads for each of its queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.utils import timezone

from audit.models import StructureEvent
from audit.partitions import Range, add_range
from audit.stream.feed import Reader, page
from audit.stream.subscription import Scope
from audit.stream.watermark import Beginning
from bench.dataset import Dataset, make_dataset
from bench.page_probes import pages, parts_read, queries_of, recorded_queries, scans
from tests.databases import migrated_database
from workspaces.core.containers.lifecycle import Desired
from workspaces.models import Container, Membership
from workspaces.services.containers.leases import claim_due, next_due
from workspaces.services.removal.cascading import preview_cascade

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="plans are PostgreSQL's: `make test PYTEST_ARGS='--only postgres'`"
)
PARTS = 36
FEW_PARTS = 4  # the newest two, and before them those of months to come, which are empty
HELP = """
Each of these queries reads a large table from end to end, or throws away most of what it reads. Give it an index (and
say in the model what it is for), ask for fewer rows, count with `lib.bounded_count`, or take `first_of` of events:
"""


def look_everywhere() -> Mapping[str, list[str]]:
    """What is read for nothing, by who looks: at an organization in which little happens, and long ago, and at a large
    one.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET random_page_cost = 1.1")  # as on any disk of today; what ships is for those that turn
        divide_the_events(cursor, upto=310_000)
    quiet = make_dataset("quiet", workspaces=200, events=2_000)
    crowd = make_dataset("crowd", workspaces=30_000, events=300_000)
    with connection.cursor() as cursor:  # autovacuum counts the parts of a table and never the whole
        cursor.execute("DELETE FROM pg_statistic WHERE starelid = 'structure_events'::regclass")
    return {
        "a member": nothing_for(somebody("member", crowd), crowd),
        "a member of a quiet organization": nothing_for(somebody("quiet", quiet), quiet),
        "a superuser": nothing_for(somebody("root"), crowd),
        "who removes a few": nothing_by(lambda: preview_cascade([crowd.workspace(crowd.workspaces // 2)])),
        "who removes many": nothing_by(lambda: preview_cascade([crowd.workspace(n) for n in range(1, 1_000)])),
        "a worker": nothing_by_claims(),
        "parts of the events": [*parts_for(somebody("chief"), crowd), *parts_by_the_stream()],
    }


def divide_the_events(cursor: Any, *, upto: int) -> None:
    """As after three years: so many ids in PARTS ranges."""
    step = upto // PARTS
    cursor.execute("ALTER TABLE structure_events DETACH PARTITION structure_events_first")
    for number in range(PARTS):
        add_range(cursor, f"structure_events_{number}", Range(low=number * step, high=(number + 1) * step))


def parts_for(client: Client, crowd: Dataset) -> Iterator[str]:
    """Where the newest events of all are asked for, the newest parts have them."""
    for name in ("GET /events", "timeline", "events one by one"):
        for query in queries_of(client, pages(crowd)[name]):
            if len(parts := parts_read(query.plan())) > FEW_PARTS:
                yield f"{name}: {len(parts)} parts, in {query.sql[:2_000]}"


def parts_by_the_stream() -> Iterator[str]:
    """What came since, or after an id that a listener names."""
    with recorded_queries() as heard:
        last = StructureEvent.objects.latest("id").pk
        Reader().begin()
        page(Beginning(after=last - 500), upto=last, scope=Scope(reach=None))
    for query in heard:
        if "pg_locks" not in query.sql and len(parts := parts_read(query.plan())) > FEW_PARTS:
            yield f"the stream: {len(parts)} parts, in {query.sql[:2_000]}"


def nothing_by_claims() -> list[str]:
    """Tens of thousands are due in one organization, few in another, and none is to go."""
    Container.objects.filter(desired="running").update(due_at=timezone.now())
    Container.objects.filter(desired="absent").update(due_at=None)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE workspaces_container")
    return nothing_by(claim_of_many)


def claim_of_many() -> None:
    assert len(claim_due("worker", desired=Desired.RUNNING, limit=64)) == 64
    assert claim_due("worker", desired=Desired.ABSENT, limit=64) == []
    assert next_due()


def somebody(name: str, *crowds: Dataset) -> Client:
    """A browser of a member who may do everything; of no organization's, of a superuser."""
    user = User.objects.create_user(name, is_staff=True, is_superuser=not crowds)
    user.user_permissions.set(Permission.objects.all())
    for crowd in crowds:
        Membership.objects.create(organization=crowd.organization, user=user)
    client = Client()
    client.force_login(user)
    return client


def nothing_for(client: Client, crowd: Dataset) -> list[str]:
    return [
        f"{name}: {what}, in {query.sql[:2_000]}"
        for name, address in pages(crowd).items()
        for query in queries_of(client, address)
        for what in scans(query.plan())
    ]


def nothing_by(work: Callable[[], object]) -> list[str]:
    with recorded_queries() as heard:
        work()
    return [f"{what}, in {query.sql[:2_000]}" for query in heard for what in scans(query.plan())]


def test_no_query_reads_a_large_table_or_an_old_part_for_nothing(
    django_db_setup: None, django_db_blocker: Any, tmp_path: Path
) -> None:
    """A single test: the rows are made once, in however many processes the tests run."""
    with migrated_database(tmp_path, unblock=django_db_blocker.unblock) as database:
        found = database.ask(look_everywhere)
    told = [f"{who}: {what}" for who, each in found.items() for what in each]
    assert not told, HELP + "\n\n".join(told)
