"""From settings to an engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from workspaces.engines import choosing
from workspaces.engines.base import Limits
from workspaces.engines.docker import DockerEngine
from workspaces.engines.fake import FakeEngine
from workspaces.engines.swarm import SwarmEngine


@pytest.fixture(autouse=True)
def _afresh() -> Iterator[None]:
    choosing.forget()
    yield
    choosing.forget()


@pytest.mark.parametrize(
    ("name", "kind"), [("docker", DockerEngine), ("swarm", SwarmEngine), ("fake", FakeEngine), ("none", type(None))]
)
def test_the_setting_names_the_engine(settings, name: str, kind: type) -> None:
    settings.ORGSITE_ENGINE = name
    assert isinstance(choosing.engine(), kind)


def test_there_is_one_engine_in_a_process(settings) -> None:
    settings.ORGSITE_ENGINE = "fake"
    first = choosing.engine()
    assert choosing.engine() is first
    choosing.forget()
    assert choosing.engine() is not first


def test_a_runtime_has_its_image_or_that_of_any_other(settings) -> None:
    settings.ORGSITE_RUNTIME_IMAGES = {"claude-code": "claude:2", "*": "agent:1"}
    assert (choosing.image_for("claude-code"), choosing.image_for("langgraph")) == ("claude:2", "agent:1")
    settings.ORGSITE_RUNTIME_IMAGES = {"claude-code": "claude:2"}
    assert choosing.image_for("langgraph") is None


def test_a_tier_has_its_limits_or_those_of_any_other(settings) -> None:
    settings.ORGSITE_DOCKER_LIMITS = {"1": {"memory": "512m", "cpus": 0.5}, "*": {"cpus": 2}}
    assert choosing.limits_for(1) == Limits(memory=512 * 1024**2, cpus=0.5)
    assert choosing.limits_for(3) == Limits(cpus=2)


def test_the_settings_are_the_options_of_the_engine(settings) -> None:
    settings.ORGSITE_INSTALLATION, settings.ORGSITE_STOP_GRACE = "staging", 25
    settings.ORGSITE_DOCKER_CAPABILITIES = ["CHOWN"]
    made = choosing.options()
    assert (made.installation, made.grace, made.capabilities) == ("staging", 25, ("CHOWN",))
