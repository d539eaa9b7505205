"""From an import to running containers, and from a removal to an engine that holds nothing of it."""

from __future__ import annotations

import signal
import time
from uuid import UUID, uuid4

import pytest

from tests.machines import Machine
from tests.trees import AFTER, BEFORE
from tests.worker.yard import SAM, Yard
from workspaces.engines.base import Wanted
from workspaces.engines.docker.docker_engine import DockerEngine
from workspaces.engines.options import Options
from workspaces.errors import WorkspaceRemoved
from workspaces.services.removal.cascading import cascade_delete
from workspaces.services.workspace.presence import heartbeat, register

STUBBORN = {"ORGSITE_RUNTIME_IMAGES": '{"*": "orgsite-stubborn:1"}'}

# A worker that hangs after the containers are gone and before their volumes are.
HANGS = """
import os, time
from pathlib import Path
import django
django.setup()
from django.core.management import call_command
from workspaces.engines.docker import docker_engine
def hang(*args, **kwargs):
    Path(__file__ + ".hangs").touch()
    time.sleep(600)
docker_engine.remove_volumes = hang
call_command("worker")
"""
# A site that is killed the moment its import is committed.
KILLED_SITE = """
import os, signal, sys
import django
django.setup()
from django.core.management import call_command
from django.db import transaction
from workspaces.services.imports import importing
complete = importing.complete_run
def complete_and_die(*args, **kwargs):
    complete(*args, **kwargs)
    transaction.on_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))
importing.complete_run = complete_and_die
call_command("import_org", sys.argv[1], "--org", sys.argv[2], "--mode", "reconcile", "--confirm-removals", "8")
"""


def names_of(yard: Yard) -> set[str]:
    """What should be there: a container and two volumes for each live workspace."""
    return {f"ws-{key}{part}" for key in yard.live() for part in ("", "-data", "-config")}


def test_an_import_ends_with_running_containers_and_reconcile_releases_the_leftovers_alone(yard: Yard) -> None:
    yard.merge(BEFORE)
    with yard.worker():
        yard.until(yard.settled)
        assert yard.statuses() == {"online": 9}
        assert len(yard.running()) == 9
        yard.merge(AFTER)
        yard.until(yard.settled)
        before = yard.running()
        yard.reconcile(AFTER, removing=8)
        yard.until(yard.settled)
    assert yard.left() == names_of(yard)
    assert yard.running() == {key: before[key] for key in yard.live()}
    assert len(yard.told("released")) == 8


def test_an_engine_that_stops_in_the_middle_of_a_reconcile_loses_nothing(yard: Yard) -> None:
    yard.merge(BEFORE)
    yard.settle()
    yard.merge(AFTER)
    with yard.worker():
        yard.until(lambda: len(yard.running()) > 11)
        yard.machine.stop()
        yard.reconcile(AFTER, removing=8)
        assert len(yard.live()) == 9
        yard.until(lambda: any("does not answer" in row.last_error for row in yard.containers()))
        yard.until(lambda: len(yard.told("release_failed")) == 8)
        yard.machine.start()
        yard.machine.wait()
        yard.until(yard.settled)
        yard.until(lambda: len(yard.running()) == 9)
    assert yard.left() == names_of(yard)
    assert len(yard.told("released")) == 8


def test_a_worker_killed_between_stop_and_volumes_is_followed_by_one_that_finishes(yard: Yard) -> None:
    yard.merge({"PM": {"Dev": {}}})
    yard.settle()
    yard.remove("PM")
    with yard.worker(script=HANGS) as process:
        yard.until(lambda: len(yard.left()) == 4 and yard.hanging())  # the volumes of both
        process.send_signal(signal.SIGKILL)
    assert len(yard.left()) == 4
    assert yard.told("released") == []
    yard.settle()
    assert yard.left() == set()
    assert yard.told("released") == ["Dev", "PM"]


def test_a_site_killed_right_after_its_commit_leaves_the_work_to_the_next_worker(yard: Yard) -> None:
    yard.merge(BEFORE)
    yard.settle()
    yard.merge(AFTER)
    site = yard.run_script(KILLED_SITE, "examples/dev-tree-after", yard.slug)
    assert site == -signal.SIGKILL
    assert len(yard.live()) == 9
    yard.settle()
    assert yard.left() == names_of(yard)
    assert len(yard.running()) == 9


def test_two_workers_share_a_hundred_and_do_none_twice(yard: Yard) -> None:
    """More than one of them claims at a time. `controller/test_races.py` has two hundred, on the fake engine."""
    yard.merge({"PM": {f"W{number}": {} for number in range(99)}})
    with yard.worker(), yard.worker():
        yard.until_settled(patience=400)
        first = yard.running()
        yard.remove("PM")
        yard.until_settled(patience=400)
    assert len(first) == 100
    assert len(yard.told("online")) == len(yard.told("released")) == 100
    assert yard.left() == set()


def test_whatever_races_a_removal_the_engine_ends_with_nothing_of_it(yard: Yard) -> None:
    """Each is removed while two workers are provisioning it and its agent says that it is alive."""
    yard.merge({f"W{number}": {} for number in range(100)})
    keys = sorted(yard.live(), key=lambda key: key.bytes[::-1])
    with yard.worker(), yard.worker():
        yard.until(lambda: len(yard.running()) > 5)
        for key in keys:
            yard.ask(register, key, url="http://agent.example")
            yard.ask(cascade_delete, [key], actor=SAM)
            with pytest.raises(WorkspaceRemoved):
                yard.ask(heartbeat, key)
        yard.until_settled(patience=400)
    assert yard.statuses() == {"removed": 100}
    assert len(yard.told("released")) == 100
    assert yard.left() == set()


def test_twenty_that_ignore_the_stop_signal_take_one_grace_period_together(yard: Yard) -> None:
    yard.environment |= STUBBORN | {"ORGSITE_DOCKER_INIT": "0"}
    yard.merge({"PM": {f"W{number}": {} for number in range(19)}})
    yard.settle()
    yard.environment["ORGSITE_STOP_GRACE"] = "5"
    yard.remove("PM")
    before = time.monotonic()
    yard.settle()
    assert time.monotonic() - before < 5 * 20 / 2, "they were waited for one after the other"
    assert yard.left() == set()


def test_a_worker_asked_to_end_finishes_what_it_began_and_gives_back_the_rest(yard: Yard) -> None:
    yard.merge({"PM": {f"W{number}": {} for number in range(19)}})
    with yard.worker() as process:
        yard.until(lambda: yard.running())
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert not any(row.leased_until for row in yard.containers())
    yard.settle()
    assert len(yard.running()) == 20


def test_the_sweep_names_strays_destroys_them_by_hand_alone_and_touches_nothing_of_others(
    yard: Yard, docker: Machine
) -> None:
    yard.merge({"PM": {}})
    yard.settle()
    theirs, stray = uuid4(), uuid4()
    start(docker, theirs, installation="somebody-else")
    start(docker, stray, installation=yard.slug)
    with docker.api() as api:
        made = api.create_container("orgsite-polite:1", name="unrelated")
        api.start(made["Id"])
    assert f"? ws-{stray} (“x” of x, container running" in yard.manage("sweep", "--dry-run", status=2)
    yard.manage("sweep")
    assert f"ws-{stray}" in yard.left()
    assert "Nothing was destroyed" in yard.manage_refused("sweep", "--purge", str(stray))
    yard.manage("sweep", "--purge", str(stray), "--yes")
    assert not any(str(stray) in name for name in yard.left())
    with docker.api() as api:
        names = {each["Names"][0].strip("/") for each in api.containers(all=True)}
        assert names == {f"ws-{key}" for key in (*yard.live(), theirs)} | {"unrelated"}


def test_a_container_that_somebody_removed_comes_back(yard: Yard, docker: Machine) -> None:
    yard.merge({"PM": {}})
    yard.settle()
    ((container, _),) = yard.running().values()
    with docker.api() as api:
        api.remove_container(container, force=True)
    yard.a_while_passes()
    assert "its container is gone" in yard.manage("sweep")
    yard.settle()
    assert yard.statuses() == {"online": 1}
    assert len(yard.running()) == 1


@pytest.mark.parametrize("image", ["orgsite-failing:1", "nowhere.invalid/none:1"])
def test_a_container_that_cannot_run_is_called_failed_with_the_engines_words(yard: Yard, image: str) -> None:
    yard.environment["ORGSITE_RUNTIME_IMAGES"] = f'{{"*": "{image}"}}'
    yard.environment["ORGSITE_DOCKER_RESTART"] = "no"
    yard.merge({"PM": {}})
    with yard.worker():
        yard.until(lambda: yard.statuses() == {"failed": 1})
    (row,) = yard.containers()
    assert "It does not stay up: Exited (3)" in row.last_error or "cannot be pulled" in row.last_error
    yard.environment["ORGSITE_RUNTIME_IMAGES"] = '{"*": "orgsite-polite:1"}'
    yard.settle()
    assert yard.statuses() == {"online": 1}


def start(machine: Machine, key: UUID, *, installation: str) -> None:
    options = Options(installation=installation, address=machine.address, network="none")
    engine = DockerEngine(options)
    engine.start(Wanted(workspace_id=key, organization="x", name="x", image="orgsite-polite:1"))
    engine.close()
