"""What changes in a workspace reaches its container on a Docker Engine, whenever the worker is killed."""

from __future__ import annotations

import json
import signal
from typing import Any
from uuid import UUID

import pytest

from tests.worker.yard import Yard

IMAGES = {"ORGSITE_RUNTIME_IMAGES": '{"langgraph": "orgsite-polite:1", "other": "orgsite-cached:1"}'}
STEPS = (
    "docker_engine.end_container", "docker_engine.DockerEngine._create", "APIClient.put_archive", "APIClient.start",
)  # fmt: skip
# A worker that hangs at one step of a restart or a delivery.
HANGS = """
import time
from pathlib import Path
import django
django.setup()
from django.core.management import call_command
from docker import APIClient
from workspaces.engines.docker import docker_engine
def hang(*args, **kwargs):
    Path(__file__ + ".hangs").touch()
    time.sleep(600)
{step} = hang
call_command("worker")
"""


@pytest.fixture
def running(yard: Yard) -> UUID:
    """The key of a workspace whose container runs."""
    yard.environment |= IMAGES
    yard.merge({"PM": {}})
    yard.settle()
    return yard.key("PM")


def described(yard: Yard, key: UUID) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(yard.inside(key, "cat", "/config/.orgsite/workspace.json"))
    return told


def image_of(yard: Yard, key: UUID) -> str:
    with yard.machine.api() as api:
        return str(api.inspect_container(f"ws-{key}")["Config"]["Image"])


def test_a_delivery_leaves_container_and_start_time_as_they_are(yard: Yard, running: UUID) -> None:
    before = yard.running()
    yard.change("PM", spec={"system_prompt": "You lead."}, role="leads")
    yard.settle()
    assert yard.running() == before
    assert yard.inside(running, "cat", "/config/.orgsite/prompts/system.md") == "You lead."
    assert described(yard, running)["role"] == "leads"
    assert yard.told("restarted") == []


def test_a_restart_keeps_the_data(yard: Yard, running: UUID) -> None:
    before = yard.running()
    yard.inside(running, "sh", "-c", "echo -n kept >/data/kept")
    yard.change("PM", runtime="other")
    yard.settle()
    assert yard.running() != before
    assert image_of(yard, running) == "orgsite-cached:1"
    assert yard.volume_file(running, "kept") == "kept"
    assert (yard.told("restarted"), yard.statuses()) == (["PM"], {"online": 1})


def test_a_runtime_without_an_image_leaves_the_container_as_it_is(yard: Yard, running: UUID) -> None:
    before = yard.running()
    yard.change("PM", runtime="unknown")
    with yard.worker():
        yard.until(lambda: "No image for the runtime" in yard.containers()[0].last_error)
    assert yard.running() == before
    yard.change("PM", runtime="other")
    yard.settle()
    assert image_of(yard, running) == "orgsite-cached:1"


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_in_a_restart_is_followed_by_one_that_finishes_it(yard: Yard, running: UUID, step: str) -> None:
    """After the pull, after the stop, and before the start."""
    yard.inside(running, "sh", "-c", "echo -n kept >/data/kept")
    yard.change("PM", runtime="other")
    with yard.worker(script=HANGS.format(step=step)) as process:
        yard.until(yard.hanging)
        process.send_signal(signal.SIGKILL)
    yard.settle()
    assert image_of(yard, running) == "orgsite-cached:1"
    assert yard.volume_file(running, "kept") == "kept"
    assert (yard.told("restarted"), yard.statuses()) == (["PM"], {"online": 1})


def test_a_worker_killed_in_a_delivery_is_followed_by_one_that_delivers(yard: Yard, running: UUID) -> None:
    before = yard.running()
    yard.change("PM", role="leads")
    with yard.worker(script=HANGS.format(step="APIClient.put_archive")) as process:
        yard.until(yard.hanging)
        process.send_signal(signal.SIGKILL)
    assert described(yard, running)["role"] == ""
    yard.settle()
    assert described(yard, running)["role"] == "leads"
    assert yard.running() == before
