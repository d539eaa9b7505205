"""A claim is one worker's from the moment it is made, however long the engine or the database takes to answer."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError, connection, transaction

from lib.database_clock import database_now
from tests.controller.conftest import Merge, key_of, settle, wait_for
from tests.controller.rounds import one_round
from tests.controller.test_races import workers
from workspaces.access import Actor
from workspaces.core.containers.lifecycle import Desired, Outcome, Step
from workspaces.engines.base import FoundContainer, Wanted
from workspaces.engines.fake import FakeEngine
from workspaces.models import Container, Workspace
from workspaces.services.containers import leases as claims
from workspaces.services.containers.leases import Claim, claim_due, give_back, put_off, renew
from workspaces.services.removal.cascading import cascade_delete
from workspaces.worker import container_loop as looping
from workspaces.worker.container_loop import Work
from workspaces.worker.controller import Controller
from workspaces.worker.lease_loop import Leases
from workspaces.worker.loop import LoopThread, run_until

several = pytest.mark.skipif(
    "connection.vendor == 'sqlite'", reason="SQLite has one writer at a time; PostgreSQL's half shows this"
)


class SlowEngine(FakeEngine):
    """To be asked for all containers takes it longer than a lease lasts."""

    def containers(self) -> Mapping[UUID, FoundContainer]:
        found = super().containers()
        time.sleep(1.5)
        return found


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspaces.services.containers.leases.LEASE", timedelta(seconds=1))
    monkeypatch.setattr("workspaces.worker.lease_loop.EVERY", 0.2)


def lapse(*names: str) -> None:
    """As if nobody had renewed the leases for long."""
    over = database_now() - timedelta(seconds=1)
    Container.objects.filter(workspace__name__in=names).update(leased_until=over)


# ---- renewed from the claim on


@several
@pytest.mark.django_db(transaction=True)
def test_no_second_worker_comes_while_the_engine_is_slow_to_say_what_there_is(
    merge: Merge, actor: Actor, short: None
) -> None:
    engine = SlowEngine()
    merge({f"W{number}": {} for number in range(20)})
    with workers(engine, number=2):
        pass
    assert Counter(what for what, _ in engine.calls) == {"start": 20}
    cascade_delete(list(Workspace.objects.values_list("pk", flat=True)), actor=actor)
    with workers(engine, number=2):
        pass
    assert Counter(engine.calls).most_common(1)[0][1] == 1
    assert engine.overlapping == set()


@several
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["prepare", "record"])
def test_nor_while_the_database_is_slow_in_between(
    merge: Merge, short: None, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    swift = getattr(looping, what)

    def slow(*args: object, **kwargs: object) -> object:
        time.sleep(1.5)
        return swift(*args, **kwargs)

    monkeypatch.setattr(looping, what, slow)
    merge({f"W{number}": {} for number in range(20)})
    with workers(engine, number=2):
        pass
    assert Counter(what for what, _ in engine.calls) == {"start": 20}


@several
@pytest.mark.django_db(transaction=True)
def test_the_lease_of_a_claim_that_is_not_begun_yet_is_renewed(merge: Merge, short: None) -> None:
    merge({"PM": {}})
    with renewing(Leases("worker")) as leases:
        assert len(leases.claim(desired=Desired.RUNNING, limit=1)) == 1
        time.sleep(2)
        assert claim_due("another", desired=Desired.RUNNING, limit=1) == []
        leases.give_back([key_of("PM")])
        assert len(claim_due("another", desired=Desired.RUNNING, limit=1)) == 1


@contextmanager
def renewing(leases: Leases) -> Iterator[Leases]:
    ended = Event()
    thread = Thread(target=run_until, args=(ended, [leases.loop]))
    thread.start()
    try:
        yield leases
    finally:
        ended.set()
        thread.join()


# ---- nothing is begun under a lease that may be another's


@pytest.mark.parametrize("step", [Step.START, Step.ASK_TO_STOP, Step.REMOVE])
def test_no_step_is_begun_without_the_lease(engine: FakeEngine, step: Step) -> None:
    claim = Claim(
        workspace_id=uuid4(),
        desired=Desired.RUNNING if step is Step.START else Desired.ABSENT,
        keep_volumes=False,
        asked_at=None,
    )
    wanted = Wanted(workspace_id=claim.workspace_id, organization="acme", name="PM", image="agent:1")
    work = Work(claim=claim, step=step, wanted=wanted if step is Step.START else None)
    assert work.carry_out(engine, lambda _: False).outcome is Outcome.UNTRIED
    assert engine.calls == []
    assert work.carry_out(engine, lambda _: True).outcome is not Outcome.UNTRIED
    assert len(engine.calls) == 1


def test_a_lease_is_held_from_the_claim_until_it_is_given_back(merge: Merge) -> None:
    merge({"PM": {}, "Ops": {}})
    leases = Leases("worker")
    assert not leases.holds(key_of("PM"))
    leases.claim(desired=Desired.RUNNING, limit=2)
    assert leases.holds(key_of("PM"))
    leases.give_back([key_of("PM")])
    leases.put_off([key_of("Ops")], by=timedelta(0))
    assert not leases.holds(key_of("PM"))
    assert not leases.holds(key_of("Ops"))


def test_a_lease_that_was_not_renewed_is_not_held_for_certain(merge: Merge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspaces.services.containers.leases.LEASE", timedelta(0))
    merge({"PM": {}})
    leases = Leases("worker")
    leases.claim(desired=Desired.RUNNING, limit=1)
    assert not leases.holds(key_of("PM"))
    monkeypatch.setattr("workspaces.services.containers.leases.LEASE", timedelta(seconds=15))
    leases.renew()
    assert leases.holds(key_of("PM"))


def test_a_lease_that_another_worker_has_by_now_is_not_renewed(merge: Merge, monkeypatch: pytest.MonkeyPatch) -> None:
    merge({"PM": {}, "Ops": {}})
    monkeypatch.setattr("workspaces.services.containers.leases.LEASE", timedelta(0))
    leases = Leases("slow")
    leases.claim(desired=Desired.RUNNING, limit=2)
    lapse("PM")
    monkeypatch.setattr("workspaces.services.containers.leases.LEASE", timedelta(seconds=15))
    assert [claim.workspace_id for claim in claim_due("another", desired=Desired.RUNNING, limit=1)] != []
    taken = Container.objects.get(leased_by="another").pk
    leases.renew()
    assert not leases.holds(taken)
    assert leases.holds(Container.objects.get(leased_by="slow").pk)
    assert renew("slow", [taken]) == frozenset()


def test_what_a_worker_is_still_at_it_does_not_begin_again(merge: Merge) -> None:
    merge({"PM": {}})
    leases = Leases("worker")
    assert len(leases.claim(desired=Desired.RUNNING, limit=1)) == 1
    lapse("PM")
    assert leases.claim(desired=Desired.RUNNING, limit=1) == []
    assert claim_due("another", desired=Desired.RUNNING, limit=1) == []


def test_what_was_not_begun_is_done_by_whoever_has_the_lease(
    merge: Merge, engine: FakeEngine, controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge({"PM": {}})
    with monkeypatch.context() as lapsed:
        lapsed.setattr(Leases, "holds", lambda *_: False)
        for _ in range(5):
            one_round(controller)
    assert engine.calls == []
    settle(controller)
    assert [what for what, _ in engine.calls] == ["start"]


# ---- nothing stays leased that nobody is at


@pytest.mark.parametrize("where", ["the second claim", "the engine", "the thread"])
def test_what_was_claimed_and_could_not_be_begun_is_free_for_the_next_worker(
    merge: Merge, engine: FakeEngine, controller: Controller, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    merge({"PM": {}})
    with monkeypatch.context() as broken:
        if where == "the second claim":
            broken.setattr(claims, "claim_due", failing_for(desired=Desired.ABSENT))
        elif where == "the engine":
            broken.setattr(engine, "containers", failing)
        else:
            broken.setattr(controller.containers, "_carry_out", failing)
        with pytest.raises(OperationalError):
            wait_for(controller, lambda: False)
    assert not controller.leases.holds(key_of("PM"))
    assert len(claim_due("another", desired=Desired.RUNNING, limit=1)) == 1


def failing_for(*, desired: Desired) -> Callable[..., list[Claim]]:
    swift = claims.claim_due

    def claim(worker: str, **asked: Any) -> list[Claim]:
        return failing() if asked["desired"] is desired else swift(worker, **asked)

    return claim


def failing(*_: object) -> Any:
    raise OperationalError("the connection is closed")


@several
@pytest.mark.django_db(transaction=True)
def test_a_renewal_waits_for_nobody_who_writes_some_of_the_rows(merge: Merge) -> None:
    merge({"PM": {}, "Ops": {}})
    claim_due("worker", desired=Desired.RUNNING, limit=2)
    both = [key_of("PM"), key_of("Ops")]
    with transaction.atomic():
        Container.objects.filter(pk=both[0]).update(attempts=1)
        assert elsewhere(lambda: renew("worker", both)) == {both[1]}
    assert renew("worker", both) == set(both)


@several
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", [give_back, partial(put_off, by=timedelta(0))], ids=["give back", "put off"])
def test_nor_does_it_wait_to_let_go_of_what_it_did_not_begin(merge: Merge, how: Callable[..., None]) -> None:
    merge({"PM": {}, "Ops": {}})
    claim_due("worker", desired=Desired.RUNNING, limit=2)
    with transaction.atomic():
        Container.objects.filter(workspace__name="PM").update(attempts=1)
        elsewhere(lambda: how("worker", [key_of("PM"), key_of("Ops")]))
    assert [each.workspace_id for each in claim_due("another", desired=Desired.RUNNING, limit=2)] == [key_of("Ops")]


def elsewhere(call: Callable[[], Any]) -> Any:
    """Its answer, on another connection, which gives up instead of waiting."""
    answers: list[Any] = []

    def run() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            answers.append(call())
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join(timeout=60)
    return answers[0]


# ---- the database goes away


def test_a_worker_outlives_a_database_that_is_away_while_something_is_due(
    merge: Merge, controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge({"PM": {}})
    due_in(minutes=5)
    one_round(controller)
    thread = LoopThread(controller.containers.loop, ends=Event())
    with monkeypatch.context() as away:
        for name in ("database_now", "next_due"):
            away.setattr(looping, name, failing)
        away.setattr(connection, "close", lambda: None)
        assert [thread.attempt() for _ in range(3)] == [1.0, 2.0, 4.0]
    due_in(minutes=0)
    settle(controller)
    assert Workspace.objects.get().status == "online"


def due_in(*, minutes: int) -> None:
    Container.objects.update(due_at=database_now() + timedelta(minutes=minutes))
