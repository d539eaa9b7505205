"""The data of removed workspaces on a real engine: it waits, and goes once, whoever is killed at it."""

from __future__ import annotations

import io
import signal
import tarfile
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from tests.machines import Machine
from tests.worker.yard import Yard
from workspaces.errors import Refusal
from workspaces.models import Container

WEEK = 7 * 24 * 60 * 60

# A worker that is killed at one point of its work.
KILLED_WORKER = """
import os, signal
import django
django.setup()
from django.core.management import call_command
from docker import APIClient
from workspaces.engines.docker import docker_engine
from workspaces.services.containers import container_results, purging
from workspaces.worker import container_loop, purge_loop

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def then_die(act):
    def acting(*args, **kwargs):
        act(*args, **kwargs)
        die()
    return acting

{patch}
call_command("worker")
"""
WRITING = {
    "before it is written down": "container_loop.record = die",
    "in the transaction that writes it down": "container_results.save_rows = then_die(container_results.save_rows)",
    "once it is written down": "container_loop.record = then_die(container_loop.record)",
}
REMOVING = {
    "with the lease": "container_loop.next_step = die",
    "once the container is gone": "docker_engine.remove_container = then_die(docker_engine.remove_container)",
    **WRITING,
}
PURGING = {
    "in the transaction that ends the time": "purging._end = then_die(purging._end)",
    "once the time is ended": "purge_loop.purge_due = then_die(purge_loop.purge_due)",
    "with the lease": "container_loop.next_step = die",
    "before the volumes": "docker_engine.remove_volumes = die",
    "between the volumes": "APIClient.remove_volume = then_die(APIClient.remove_volume)",
    **WRITING,
}


@pytest.fixture(autouse=True)
def _with_a_grace(_with_containers: None, settings: Any) -> None:
    settings.ORGSITE_DATA_GRACE = WEEK


def names(keys: set[UUID]) -> set[str]:
    """A container and two volumes for each."""
    return {f"ws-{key}{part}" for key in keys for part in ("", "-data", "-config")}


def volumes(*keys: UUID) -> set[str]:
    return names(set(keys)) - {f"ws-{key}" for key in keys}


def write(yard: Yard, name: str) -> UUID:
    key = yard.key(name)
    yard.inside(key, "sh", "-c", f"echo precious {name} >/data/work")
    return key


def stored_file(machine: Machine, key: UUID) -> str:
    """The file in a volume that no container of ours has."""
    with machine.api() as api:
        config = api.create_host_config(binds=[f"ws-{key}-data:/data"])
        reader = api.create_container("orgsite-polite:1", host_config=config)["Id"]
        try:
            stream, _ = api.get_archive(reader, "/data/work")
            with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
                file = tar.extractfile("work")
                assert file
                return file.read().decode()
        finally:
            api.remove_container(reader)


def end_time_of(yard: Yard, *keys: UUID) -> None:
    """As if the grace were over: the database's clock cannot be moved."""
    rows = Container.objects.filter(pk__in=keys, purge_at__isnull=False)
    assert yard.ask(rows.update, purge_at=timezone.now() - timedelta(seconds=1)) == len(keys)


def end_leases(yard: Yard) -> None:
    """As if those of a killed worker had run out, which takes fifteen seconds."""
    yard.ask(Container.objects.filter(leased_until__isnull=False).update, leased_until=timezone.now())


def kill_at(yard: Yard, patch: str) -> None:
    assert yard.run_script(KILLED_WORKER.format(patch=patch)) == -signal.SIGKILL
    end_leases(yard)


def test_what_was_written_survives_the_removal_until_its_time_is_over(yard: Yard) -> None:
    yard.merge({"PM": {}, "Ops": {}})
    yard.settle()
    key = write(yard, "PM")
    yard.remove("PM")
    yard.settle()
    assert yard.left() == names(yard.live()) | volumes(key)
    assert stored_file(yard.machine, key) == "precious PM\n"
    end_time_of(yard, key)
    with yard.worker():
        yard.until(lambda: yard.told("purged") == ["PM"])
    assert yard.left() == names(yard.live())
    assert yard.told("released") == ["PM"]


def test_with_a_grace_of_nothing_nothing_is_left(yard: Yard, settings: Any) -> None:
    settings.ORGSITE_DATA_GRACE = 0
    yard.merge({"PM": {"Dev": {}}})
    yard.settle()
    yard.remove("PM")
    yard.settle()
    assert yard.left() == set()
    assert yard.told("purged") == yard.told("released") == ["Dev", "PM"]


def test_a_worker_killed_at_any_point_of_a_removal_costs_no_data(yard: Yard) -> None:
    yard.merge({each: {} for each in REMOVING})
    yard.settle()
    for each, patch in REMOVING.items():
        key = write(yard, each)
        yard.remove(each)
        kill_at(yard, patch)
        yard.settle()
        assert stored_file(yard.machine, key) == f"precious {each}\n"
        assert f"ws-{key}" not in yard.left()
    assert (yard.told("released"), yard.told("purged")) == (sorted(REMOVING), [])


def test_a_worker_killed_at_any_point_of_a_purge_is_followed_by_one_that_finishes(yard: Yard) -> None:
    yard.merge({"Stays": {}, **{each: {} for each in PURGING}})
    yard.settle()
    keys = {each: yard.key(each) for each in PURGING}
    for each in PURGING:
        yard.remove(each)
    yard.settle()
    for number, (each, patch) in enumerate(PURGING.items()):
        end_time_of(yard, keys[each])
        kill_at(yard, patch)
        with yard.worker():
            yard.until(lambda: yard.settled() and len(yard.told("purged")) == number + 1)  # noqa: B023
        waiting = list(keys.values())[number + 1 :]
        assert yard.left() == names(yard.live()) | volumes(*waiting), each
    assert yard.told("purged") == yard.told("released") == sorted(PURGING)


def test_two_workers_purge_each_once(yard: Yard) -> None:
    yard.merge({"Stays": {}, "PM": {f"W{number}": {} for number in range(29)}})
    yard.settle()
    gone = yard.live() - {yard.key("Stays")}
    yard.remove("PM")
    yard.settle()
    assert yard.left() == names(yard.live()) | volumes(*gone)
    end_time_of(yard, *gone)
    with yard.worker(), yard.worker():
        yard.until(lambda: yard.settled() and len(yard.told("purged")) == 30)
    assert yard.left() == names(yard.live())
    assert len(set(yard.told("purged"))) == len(yard.told("purged")) == len(yard.told("released")) == 30


def test_by_hand_exactly_the_named_data_goes(yard: Yard) -> None:
    yard.merge({"PM": {}, "Ops": {}})
    yard.settle()
    pm, ops = yard.key("PM"), yard.key("Ops")
    yard.remove("PM")
    yard.remove("Ops")
    yard.settle()
    assert "2 workspaces" in yard.manage("purge", "--list", "--org", yard.slug)
    assert "Nothing was changed" in yard.manage_refused("purge", str(pm))
    yard.manage("purge", str(pm), "--yes")
    yard.settle()
    assert yard.left() == volumes(ops)
    assert yard.told("purged") == ["PM"]


# ---- restored


@pytest.mark.parametrize("settled", [True, False])
def test_a_restore_within_the_time_finds_what_was_written(yard: Yard, settled: bool) -> None:
    """Also where no worker has come to the removal yet."""
    yard.merge({"PM": {}})
    yard.settle()
    key = write(yard, "PM")
    yard.remove("PM")
    if settled:
        yard.settle()
    yard.restore(key)
    yard.settle()
    assert yard.inside(key, "cat", "/data/work") == "precious PM\n"
    assert (yard.statuses(), yard.left()) == ({"online": 1}, names({key}))
    assert (yard.told("purged"), yard.told("released")) == ([], ["PM"] * settled)


def test_what_is_restored_is_not_purged_any_more_and_has_a_new_time_after_the_next_removal(yard: Yard) -> None:
    yard.merge({"PM": {}})
    yard.settle()
    key = write(yard, "PM")
    for _ in range(2):
        yard.remove("PM")
        yard.settle()
        yard.restore(key)
        yard.settle()
    assert not yard.ask(Container.objects.filter(pk=key, purge_at__isnull=False).exists)
    yard.remove("PM")
    yard.settle()
    end_time_of(yard, key)
    with yard.worker():
        yard.until(lambda: yard.told("purged") == ["PM"])
    assert (yard.left(), yard.told("released")) == (set(), ["PM"] * 3)


@pytest.mark.parametrize("step", ["with the lease", "before the volumes", "between the volumes", *WRITING])
def test_a_restore_after_a_purge_was_cut_off_never_calls_lost_data_kept(yard: Yard, step: str) -> None:
    yard.merge({"PM": {}})
    yard.settle()
    key = write(yard, "PM")
    yard.remove("PM")
    yard.settle()
    end_time_of(yard, key)
    kill_at(yard, PURGING[step])
    with pytest.raises(Refusal):  # it is on its way out, or asks for the number
        yard.restore(key)
    with yard.worker():
        yard.until(lambda: yard.settled() and yard.told("purged") == ["PM"])
    yard.restore(key, losing=1)
    yard.settle()
    assert (yard.statuses(), yard.left()) == ({"online": 1}, names({key}))
    assert "precious" not in yard.inside(key, "cat", "/data/work")
