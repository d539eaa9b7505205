"""The consequence of a change for a running container, on an engine that can deliver and on one that can't."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from workspaces.core.changes import Change
from workspaces.core.containers.restart_rule import Effect, RestartRule, limits_of_tier, why_of

SMALL, LARGE = {"memory": "256m"}, {"memory": "2g", "cpus": 2}
DOCKER = RestartRule(limits={"1": SMALL, "3": LARGE, "*": SMALL})
SWARM = replace(DOCKER, delivers=False)


def change(field: str, before: Any = "a", after: Any = "b") -> Change:
    return {"field": field, "from": before, "to": after}


@pytest.mark.parametrize("rule", [DOCKER, SWARM])
def test_a_container_is_made_anew_for_its_image(rule: RestartRule) -> None:
    assert rule.effect([change("runtime")]) is Effect.RESTART
    assert rule.restarts([change("runtime")])


@pytest.mark.parametrize(("now", "effect"), [(True, Effect.RELEASE), (False, Effect.BRING)])
@pytest.mark.parametrize("rule", [DOCKER, SWARM])
def test_an_external_workspace_has_no_container_whatever_else_changes(
    rule: RestartRule, now: bool, effect: Effect
) -> None:
    changes = [change("role"), change("runtime"), change("external", not now, now)]
    assert (rule.effect(changes), rule.restarts(changes)) == (effect, True)


@pytest.mark.parametrize("field", ["role", "model", "files", "spec.system_prompt", "schedules.Pulse"])
def test_what_lies_in_the_config_volume_is_delivered_where_the_engine_can(field: str) -> None:
    assert DOCKER.effect([change(field)]) is Effect.DELIVER
    assert SWARM.effect([change(field)]) is Effect.RESTART


@pytest.mark.parametrize(("before", "after", "restarts"), [(1, 2, False), (1, 3, True), (3, 2, True), (2, 4, False)])
def test_a_tier_restarts_where_its_limits_differ_and_is_delivered_elsewhere(
    before: int, after: int, restarts: bool
) -> None:
    assert DOCKER.restarts([change("tier", before, after)]) is restarts
    assert DOCKER.effect([change("tier", before, after)]) is (Effect.RESTART if restarts else Effect.DELIVER)


@pytest.mark.parametrize("field", ["url", "protected", "name"])
@pytest.mark.parametrize("rule", [DOCKER, SWARM])
def test_what_no_container_sees_changes_nothing(rule: RestartRule, field: str) -> None:
    assert rule.effect([change(field)]) is Effect.NOTHING


def test_one_that_was_external_and_stays_so_has_nothing_to_restart() -> None:
    assert SWARM.effect([change("role"), change("runtime")], external=True) is Effect.NOTHING
    assert not SWARM.restarts([change("runtime")], external=True)


def test_one_that_restarts_is_enough_for_all() -> None:
    assert DOCKER.effect([change("url"), change("role"), change("runtime")]) is Effect.RESTART
    assert DOCKER.effect([change("url"), change("role")]) is Effect.DELIVER
    assert DOCKER.effect([]) is Effect.NOTHING


def test_without_an_engine_nothing_restarts() -> None:
    assert replace(DOCKER, runs=False).effect([change("runtime")]) is Effect.NOTHING


def test_a_tier_without_limits_of_its_own_has_those_of_any_other() -> None:
    assert (limits_of_tier(DOCKER.limits, 3), limits_of_tier(DOCKER.limits, 2)) == (LARGE, SMALL)
    assert limits_of_tier({}, 2) == {}


def test_the_reason_names_the_fields() -> None:
    assert why_of([change("runtime")]) == "its runtime changed"
    assert why_of([change("tier", 1, 3), change("spec.canvas"), change("schedules.Pulse")]) == (
        "its tier, canvas and schedule Pulse changed"
    )
