"""Fixtures with real container engines: `docker`, one machine, and `swarm`, two machines, started once for each run.

They need root and the packages of `make system-deps`. Without these the tests that use the fixtures are skipped, or
fail if ORGSITE_TEST_REQUIRE lists `docker`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NoReturn

import pytest

from tests.machines import CannotRun, Machine, connect, load_images, machine_with_images, sweep, why_not

REQUIRED = "docker" in {name.strip() for name in os.environ.get("ORGSITE_TEST_REQUIRE", "").split(",")}
LEFT_OUT = "no container engine can be started here"


def leave_out(reason: object) -> NoReturn:
    if REQUIRED:
        pytest.fail(f"ORGSITE_TEST_REQUIRE asks for docker, but {LEFT_OUT}: {reason}. Did `make system-deps` run?")
    pytest.skip(f"{LEFT_OUT}: {reason}.")


@pytest.fixture(scope="session")
def _engines_can_run() -> None:
    if reason := why_not():
        leave_out(reason)
    sweep()


@pytest.fixture(scope="session")
def docker(_engines_can_run: None) -> Iterator[Machine]:
    """A machine with an engine and the images."""
    try:
        with machine_with_images("alone") as machine:
            yield machine
    except CannotRun as reason:
        leave_out(reason)


@pytest.fixture(scope="session")
def swarm(_engines_can_run: None) -> Iterator[tuple[Machine, Machine]]:
    """A swarm of two machines with the images; the first is the manager. What is down is missed within seconds."""
    machines = (Machine("one"), Machine("two"))
    try:
        connect(*machines, network="10.77.0")
        for machine in machines:
            machine.start()
        for machine in machines:
            machine.wait()
            with machine.api() as api:
                load_images(api)
        with machines[0].api() as manager, machines[1].api() as worker:
            spec = manager.create_swarm_spec(dispatcher_heartbeat_period=10**9)
            manager.init_swarm(advertise_addr="10.77.0.1", swarm_spec=spec)
            token = manager.inspect_swarm()["JoinTokens"]["Worker"]
            worker.join_swarm(["10.77.0.1:2377"], token, advertise_addr="10.77.0.2")
        yield machines
    except CannotRun as reason:
        leave_out(reason)
    finally:
        for machine in reversed(machines):
            machine.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    said = [str(report.longrepr[-1]) for report in terminalreporter.getreports("skipped") if report.longrepr]
    left_out = [words for words in said if LEFT_OUT in words]
    if left_out:
        words = left_out[0].removeprefix("Skipped: ")
        terminalreporter.write_line(f"Engines: LEFT OUT, {len(left_out)} tests – {words}", yellow=True)
