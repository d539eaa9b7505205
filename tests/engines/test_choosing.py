"""From settings to an engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from workspaces.engines.base import ContainerLimits, DeliveringEngine, delivers
from workspaces.engines.docker.docker_engine import DockerEngine
from workspaces.engines.docker.swarm_engine import SwarmEngine
from workspaces.engines.fake import FakeEngine
from workspaces.services.containers.provisioning import image_for, limits_for
from workspaces.worker import engine_choice


@pytest.fixture(autouse=True)
def _afresh() -> Iterator[None]:
    engine_choice.engine.cache_clear()
    yield
    engine_choice.engine.cache_clear()


@pytest.mark.parametrize(
    ("name", "kind"), [("docker", DockerEngine), ("swarm", SwarmEngine), ("fake", FakeEngine), ("none", type(None))]
)
def test_the_setting_names_the_engine(settings, name: str, kind: type) -> None:
    settings.ORGSITE_ENGINE = name
    assert isinstance(engine_choice.engine("here"), kind)


@pytest.mark.parametrize("name", ["docker", "swarm", "fake"])
def test_an_engine_delivers_where_its_name_says_so(settings, name: str) -> None:
    settings.ORGSITE_ENGINE = name
    assert isinstance(engine_choice.engine("here"), DeliveringEngine) is delivers(name)


def test_there_is_one_engine_in_a_process(settings) -> None:
    settings.ORGSITE_ENGINE = "fake"
    assert engine_choice.engine("here") is engine_choice.engine("here")
    assert engine_choice.engine("here") is not engine_choice.engine("there")


def test_a_runtime_has_its_image_or_that_of_any_other(settings) -> None:
    settings.ORGSITE_RUNTIME_IMAGES = {"claude-code": "claude:2", "*": "agent:1"}
    assert (image_for("claude-code"), image_for("langgraph")) == ("claude:2", "agent:1")
    settings.ORGSITE_RUNTIME_IMAGES = {"claude-code": "claude:2"}
    assert image_for("langgraph") == ""


def test_a_tier_has_its_limits_or_those_of_any_other(settings) -> None:
    settings.ORGSITE_DOCKER_LIMITS = {"1": {"memory": "512m", "cpus": 0.5}, "*": {"cpus": 2}}
    assert limits_for(1) == ContainerLimits(memory=512 * 1024**2, cpus=0.5)
    assert limits_for(3) == ContainerLimits(cpus=2)


def test_the_settings_are_the_options_of_the_engine(settings) -> None:
    settings.ORGSITE_STOP_GRACE = 25
    settings.ORGSITE_DOCKER_CAPABILITIES = ["CHOWN"]
    made = engine_choice.options("staging")
    assert (made.installation, made.grace, made.capabilities) == ("staging", 25, ("CHOWN",))
