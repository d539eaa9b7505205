"""The same on a swarm of two machines, one of which may go down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Database
from tests.machines import Machine, clear
from tests.trees import AFTER, BEFORE
from tests.worker.conftest import remove_everything
from tests.worker.yard import Yard


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
