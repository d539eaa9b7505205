"""Several workers and people at the same containers, on PostgreSQL, where they really run at the same time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Event, Thread
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from tests.controller.conftest import Merge, events
from workspaces.access import Actor
from workspaces.engines.fake import FakeEngine
from workspaces.errors import WorkspaceRemoved
from workspaces.models import Container, Status, Workspace, WorkspaceToken
from workspaces.services.containers.provisioning import prepare
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.workspace.presence import heartbeat, register
from workspaces.worker.controller import Controller
from workspaces.worker.loop import run_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        "connection.vendor == 'sqlite'", reason="SQLite has one writer at a time; PostgreSQL's half shows this"
    ),
]

GRACE = timedelta(seconds=0.2)


@contextmanager
def meanwhile(*calls: Callable[[], None]) -> Iterator[None]:
    """Run the calls in threads of their own until the block ends; what goes wrong in one is raised here."""
    errors: list[BaseException] = []

    def run(call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join(timeout=60)
    assert not errors, errors


@contextmanager
def workers(engine: FakeEngine, *, number: int) -> Iterator[None]:
    """So many of them, until nothing is due any more."""
    stopped = Event()
    controllers = [Controller(engine, grace=GRACE, concurrency=4) for _ in range(number)]
    with meanwhile(*(lambda each=each: run_until(stopped, each.loops) for each in controllers)):  # type: ignore[misc]
        try:
            yield
            wait_until(lambda: not Container.objects.filter(due_at__isnull=False).exists())
        finally:
            stopped.set()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = timezone.now() + timedelta(seconds=60)
    while not condition():
        assert timezone.now() < deadline, f"it never comes: {list(Container.objects.filter(due_at__isnull=False))}"
        Event().wait(0.05)


def test_two_workers_converge_two_hundred_containers_each_once(merge: Merge, engine: FakeEngine, actor: Actor) -> None:
    engine.knobs.takes = 0.005
    merge({f"W{number}": {} for number in range(200)})
    with workers(engine, number=2):
        pass
    assert Counter(what for what, _ in engine.calls) == {"start": 200}
    cascade_delete(list(Workspace.objects.values_list("pk", flat=True)), actor=actor)
    with workers(engine, number=2):
        pass
    assert Counter(engine.calls).most_common(1)[0][1] == 1
    assert engine.overlapping == set()
    assert len(events("released")) == 200


@pytest.mark.parametrize("seed", range(3))
def test_whatever_races_a_removal_no_live_row_and_no_container_stays(
    merge: Merge, engine: FakeEngine, actor: Actor, seed: int
) -> None:
    """A hundred workspaces, each removed while it is provisioned, sends heartbeats and registers."""
    chance = random.Random(seed)
    merge({f"W{number}": {} for number in range(100)})
    keys = list(Workspace.objects.values_list("pk", flat=True))
    engine.knobs.takes = 0.003

    def send(order: list[UUID]) -> Callable[[], None]:
        def sending() -> None:
            for key in order:
                with suppress(WorkspaceRemoved):
                    heartbeat(key)
                    register(key, url="http://agent.example")

        return sending

    def remove(order: list[UUID]) -> Callable[[], None]:
        return lambda: [cascade_delete([key], actor=actor) for key in order] and None

    def provision(order: list[UUID]) -> Callable[[], None]:
        return lambda: [prepare([key]) for key in order] and None

    orders = [chance.sample(keys, len(keys)) for _ in range(4)]
    with (
        workers(engine, number=2),
        meanwhile(send(orders[0]), send(orders[1]), remove(orders[2]), provision(orders[3])),
    ):
        pass
    assert set(Workspace.objects.values_list("status", flat=True)) == {Status.REMOVED}
    assert not WorkspaceToken.objects.filter(revoked_at=None).exists()
    assert (dict(engine.containers()), dict(engine.volumes())) == ({}, {})
    assert engine.overlapping == set()
    assert sorted(events("released")) == sorted(f"W{number}" for number in range(100))
