"""The same on a swarm of two machines, one of which may go down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from tests.databases import Database
from tests.machines import Machine, clear
from tests.trees import AFTER, BEFORE
from tests.worker.conftest import remove_everything
from tests.worker.yard import Yard
from workspaces.errors import RemovalNotConfirmed
from workspaces.models import Container, Installation


class SwarmYard(Yard):
    """`machine` is the manager."""

    def __init__(self, database: Database, machines: tuple[Machine, Machine], folder: Path) -> None:
        nodes = {each.hostname: each.address for each in machines}
        swarm = {"ORGSITE_ENGINE": "swarm", "ORGSITE_SWARM_NODES": json.dumps(nodes)}
        super().__init__(database, machines[0], folder, **swarm)
        self.machines = machines

    def homes(self) -> dict[str, int]:
        """Machine → how many containers of this installation run there."""
        only = {"label": f"orgsite.installation={self.slug}", "status": "running"}
        counts = {}
        for machine in self.machines:
            if machine.is_up:
                with machine.api() as api:
                    counts[machine.hostname] = len(api.containers(filters=only))
        return counts

    def running_anywhere(self) -> dict[UUID, str]:
        """Workspace → id of its container."""
        return {key: container for key, _, container in self._containers()}

    def started_anywhere(self) -> dict[UUID, tuple[str, str]]:
        """Workspace → id and start of its container."""
        found = {}
        for key, machine, container in self._containers():
            with machine.api() as api:
                found[key] = container, str(api.inspect_container(container)["State"]["StartedAt"])
        return found

    def read_anywhere(self, key: UUID, path: str) -> str:
        """A file in that workspace's container."""
        ((machine, container),) = [(machine, found) for each, machine, found in self._containers() if each == key]
        with machine.api() as api:
            return str(api.exec_start(api.exec_create(container, ["cat", path])["Id"]).decode())

    def _containers(self) -> Iterator[tuple[UUID, Machine, str]]:
        only = {"label": f"orgsite.installation={self.slug}", "status": "running"}
        for machine in self.machines:
            with machine.api() as api:
                for each in api.containers(filters=only):
                    yield UUID(each["Labels"]["orgsite.workspace"]), machine, each["Id"]

    def services(self) -> set[str]:
        with self.machine.api() as api:
            return {each["Spec"]["Name"] for each in api.services()}

    def left_anywhere(self) -> set[str]:
        names: set[str] = set()
        for machine in self.machines:
            with machine.api() as api:
                names |= {each["Names"][0].strip("/") for each in api.containers(all=True)}
                names |= {each["Name"] for each in api.volumes()["Volumes"] or ()}
        return names


@pytest.fixture
def yard(swarm: tuple[Machine, Machine], database: Database, tmp_path: Path) -> Iterator[SwarmYard]:
    yield SwarmYard(database, swarm, tmp_path)
    database.ask(remove_everything)
    with swarm[0].api() as api:
        for service in api.services():
            api.remove_service(service["ID"])
        for config in api.configs():
            api.remove_config(config["ID"])
    for machine in swarm:
        with machine.api() as api:
            clear(api)


def test_a_new_prompt_restarts_on_the_same_node_with_the_same_data(yard: SwarmYard, settings: Any) -> None:
    """Its files are configs, which a running task does not get."""
    settings.ORGSITE_ENGINE = "swarm"
    yard.merge({"PM": {}})
    yard.settle()
    before, homes = yard.running_anywhere(), yard.homes()
    yard.change("PM", spec={"system_prompt": "You lead."})
    yard.settle()
    assert yard.running_anywhere() != before
    assert yard.homes() == homes
    assert yard.read_anywhere(yard.key("PM"), "/config/.orgsite/prompts/system.md") == "You lead."
    assert yard.read_anywhere(yard.key("PM"), "/data/log").splitlines() == ["started", "ended", "started"]
    assert (yard.told("restarted"), yard.statuses()) == (["PM"], {"online": 1})


def test_a_move_asks_the_swarm_for_nothing(yard: SwarmYard) -> None:
    yard.merge(BEFORE)
    yard.plan_daily("Infra Lead")
    yard.settle()
    before = (yard.started_anywhere(), yard.left_anywhere(), yard.services(), yard.tokens(), yard.schedules())
    yard.reconcile(AFTER)
    yard.settle()
    assert yard.told("moved") == ["Dev Lead", "Infra Lead"]
    assert len(before[0]) == 9
    after = (yard.started_anywhere(), yard.left_anywhere(), yard.services(), yard.tokens(), yard.schedules())
    assert after == before


def test_workspaces_spread_survive_a_node_and_go_without_a_trace(yard: SwarmYard) -> None:
    one = yard.machine.hostname
    yard.merge(BEFORE)
    with yard.worker():
        yard.until(yard.settled)
        assert yard.statuses() == {"online": 9}
        assert min(yard.homes().values()) > 0
        yard.machines[1].stop()
        yard.until(lambda: yard.homes() == {one: 9})
        yard.machines[1].start()
        yard.machines[1].wait()
        yard.merge(AFTER)
        yard.until(yard.settled)
        yard.until(lambda: sum(yard.homes().values()) == 17)
        yard.reconcile(AFTER, removing=8)
        yard.until(yard.settled)
        assert yard.services() == {f"ws-{key}" for key in yard.live()}
        yard.remove("PM")
        yard.until(yard.settled)
    assert yard.services() == set()
    assert yard.left_anywhere() == set()


def test_data_waits_on_its_node_and_is_destroyed_there(yard: SwarmYard, settings: Any) -> None:
    settings.ORGSITE_DATA_GRACE = 7 * 24 * 60 * 60
    yard.merge({f"W{number}": {} for number in range(4)})
    yard.settle()
    homes = {row.pk: row.node for row in yard.containers()}
    assert set(homes.values()) == {machine.hostname for machine in yard.machines}
    for number in range(4):
        yard.remove(f"W{number}")
    yard.settle()
    assert yard.services() == set()
    for machine in yard.machines:
        ours = {key for key, home in homes.items() if home == machine.hostname}
        assert volumes_on(machine) == {f"ws-{key}-{part}" for key in ours for part in ("data", "config")}
    yard.ask(Container.objects.filter(purge_at__isnull=False).update, purge_at=timezone.now() - timedelta(seconds=1))
    with yard.worker():
        yard.until(lambda: len(yard.told("purged")) == 4)
    assert yard.left_anywhere() == set()
    assert {row.node for row in yard.containers()} == {""}


def test_what_is_restored_runs_where_its_data_waited(yard: SwarmYard, settings: Any) -> None:
    settings.ORGSITE_DATA_GRACE = 7 * 24 * 60 * 60
    yard.merge({f"W{number}": {} for number in range(4)})
    yard.settle()
    keys = [yard.key(f"W{number}") for number in range(4)]
    homes = {row.pk: row.node for row in yard.containers()}
    for number in range(4):
        yard.remove(f"W{number}")
    yard.settle()
    yard.restore(*keys)
    yard.settle()
    assert yard.statuses() == {"online": 4}
    assert {row.pk: row.node for row in yard.containers()} == homes
    for key in keys:  # a busy machine may not let it say that it ended within the grace
        assert yard.read_anywhere(key, "/data/log").splitlines().count("started") == 2


def volumes_on(machine: Machine) -> set[str]:
    with machine.api() as api:
        return {each["Name"] for each in api.volumes()["Volumes"] or ()}


def test_what_is_undone_while_its_node_is_down_starts_there_when_that_is_back(yard: SwarmYard, settings: Any) -> None:
    settings.ORGSITE_DATA_GRACE = 7 * 24 * 60 * 60
    two = yard.machines[1]
    there = spread(yard)
    yard.remove("PM")
    yard.settle()
    two.stop()
    try:
        see_nodes(yard, {"one": True, "two": False})
        plan = yard.shown_undo()
        named = {row.live.id for row in plan.restored if row.live and "is on two, which does not answer" in row.cause}
        assert (named, plan.data_lost) == (there, ())
        yard.undo()
        with yard.worker():
            yard.until(lambda: yard.statuses() == {"online": 4 - len(there), "provisioning": len(there)})
            two.start()
            two.wait()
            yard.until(yard.settled)
    finally:
        if not two.is_up:
            two.start()
            two.wait()
    assert (yard.statuses(), on_two(yard)) == ({"online": 4}, there)
    for key in there:
        assert yard.read_anywhere(key, "/data/log").splitlines().count("started") >= 2


def test_data_on_a_node_that_left_the_swarm_is_lost_and_an_undo_starts_it_elsewhere(
    yard: SwarmYard, settings: Any
) -> None:
    settings.ORGSITE_DATA_GRACE = 7 * 24 * 60 * 60
    there = spread(yard)
    yard.remove("PM")
    yard.settle()
    with second_gone(*yard.machines):
        see_nodes(yard, {"one": True})
        lost = {row.live.id: row.cause for row in yard.shown_undo().data_lost if row.live}
        assert lost.keys() == there
        assert all("its data was on two, which is gone: it comes back empty" in cause for cause in lost.values())
        with pytest.raises(RemovalNotConfirmed):
            yard.undo()
        yard.undo(losing=len(there))
        yard.settle()
        assert (yard.statuses(), on_two(yard)) == ({"online": 4}, set())
        for key in there:
            assert yard.read_anywhere(key, "/data/log").splitlines() == ["started"]


def spread(yard: SwarmYard) -> set[UUID]:
    """Four workspaces on both nodes; those on the second one are returned."""
    yard.merge({"PM": {f"W{number}": {} for number in range(3)}})
    yard.settle()
    assert 0 < len(on_two(yard)) < 4
    return on_two(yard)


def on_two(yard: SwarmYard) -> set[UUID]:
    return {row.pk for row in yard.containers() if row.node == "two"}


def see_nodes(yard: SwarmYard, expected: dict[str, bool]) -> None:
    """Wait until the swarm says so, then have a worker look."""

    def listed() -> dict[str, bool]:
        with yard.machine.api() as api:
            return {each["Description"]["Hostname"]: each["Status"]["State"] == "ready" for each in api.nodes()}

    yard.until(lambda: listed() == expected)
    with yard.worker():
        yard.until(lambda: yard.ask(Installation.objects.get).nodes == expected)


@contextmanager
def second_gone(one: Machine, two: Machine) -> Iterator[None]:
    """The second node leaves the swarm for as long as this lasts. Its engine still answers."""
    with one.api() as manager, two.api() as other:
        token = manager.inspect_swarm()["JoinTokens"]["Worker"]
        node = other.info()["Swarm"]["NodeID"]
        other.leave_swarm()
        manager.remove_node(node, force=True)
        try:
            yield
        finally:
            clear(other)
            other.join_swarm(["10.77.0.1:2377"], token, advertise_addr="10.77.0.2")
