"""Environment variables: what makes no sense stops the start with a sentence that names it."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from orgsite import env


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch):
    return lambda value: monkeypatch.setenv("ORGSITE_THING", value)


@pytest.mark.parametrize(
    ("value", "on"), [("1", True), ("TRUE", True), ("on", True), ("", False), ("0", False), ("no", False)]
)
def test_a_flag_is_on_or_off(given, value: str, on: bool) -> None:
    given(value)
    assert env.flag("ORGSITE_THING") is on


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (env.flag, "perhaps"),
        (lambda name: env.integer(name, 5), "five"),
        (lambda name: env.integer(name, 5), "-1"),
        (lambda name: env.integer(name, 5, most=9), "10"),
        (lambda name: env.integer(name, 5, least=0), "a week"),
        (lambda name: env.integer(name, 5, least=0), "-2"),
        (lambda name: env.integer(name, 5, least=0), "2.5"),
        (lambda name: env.fraction(name, 0.5), "1.5"),
        (lambda name: env.fraction(name, 0.5), "nan"),
        (lambda name: env.fraction(name, 0.5), "half"),
        (lambda name: env.choice(name, "none", of=("none",)), "docker"),
        (lambda name: env.limit(name, 60), "many"),
        (lambda name: env.matching(name, "", pattern=env.INSTALLATION, like="short"), "Not A Label"),
        (lambda name: env.matching(name, "", pattern=env.INSTALLATION, like="short"), "x" * 64),
        (lambda name: env.matching(name, "", pattern=env.RESTART, like="a policy"), "sometimes"),
        (lambda name: env.matching(name, "", pattern=env.SITE_ADDRESS, like="an address"), "example.org"),
        (lambda name: env.texts(name, pattern=env.ENGINE_ADDRESS, like="{}"), "not json"),
        (lambda name: env.texts(name, pattern=env.ENGINE_ADDRESS, like="{}"), '["a list"]'),
        (lambda name: env.texts(name, pattern=env.ENGINE_ADDRESS, like="{}"), '{"node": "node:2376"}'),
        (lambda name: env.texts(name, pattern=env.ENGINE_ADDRESS, like="{}"), '{"node": 2376}'),
        (lambda name: env.images(name, engine="none"), '{"*": ""}'),
        (lambda name: env.images(name, engine="none"), '{"*": "two words"}'),
        (lambda name: env.images(name, engine="docker"), "{}"),
        (lambda name: env.network(name, engine="docker"), "container:other"),
        (lambda name: env.network(name, engine="swarm"), "none"),
        (env.capabilities, "CHOWN,NET ADMIN"),
        (env.capabilities, "all"),
        (env.limits, '{"5": {"memory": "1g"}}'),
        (env.limits, '{"1": "1g"}'),
        (env.limits, '{"1": {"memory": "much"}}'),
        (env.limits, '{"1": {"memory": "0m"}}'),
        (env.limits, '{"1": {"cpus": 0}}'),
        (env.limits, '{"1": {"cpus": NaN}}'),
        (env.limits, '{"1": {"cpus": true}}'),
        (env.limits, '{"1": {"disk": "1g"}}'),
    ],
)
def test_nonsense_is_refused_by_name(given, read, value: str) -> None:
    given(value)
    with pytest.raises(ImproperlyConfigured, match="ORGSITE_THING"):
        read("ORGSITE_THING")


def test_a_limit_is_off_or_a_number(given) -> None:
    given("Off")
    assert env.limit("ORGSITE_THING", 60) is None
    given("30")
    assert env.limit("ORGSITE_THING", 60) == 30


def test_what_engines_are_told_is_read_as_written(given) -> None:
    given('{"1": {"memory": "512m", "cpus": 0.5}, "*": {"memory": "1g"}}')
    assert env.limits("ORGSITE_THING")["1"] == {"memory": "512m", "cpus": 0.5}
    given("net_bind_service, CHOWN")
    assert env.capabilities("ORGSITE_THING") == ["NET_BIND_SERVICE", "CHOWN"]
    given("on-failure:5")
    assert env.matching("ORGSITE_THING", "no", pattern=env.RESTART, like="a policy") == "on-failure:5"


def test_only_the_engine_in_memory_comes_with_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORGSITE_THING", raising=False)
    assert env.images("ORGSITE_THING", engine="fake") == {"*": "in-memory"}
    assert env.images("ORGSITE_THING", engine="none") == {}
    with pytest.raises(ImproperlyConfigured, match="ORGSITE_ENGINE=docker needs ORGSITE_THING"):
        env.images("ORGSITE_THING", engine="docker")


def test_without_a_key_only_debug_mode_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORGSITE_THING", raising=False)
    assert env.secret_key("ORGSITE_THING", debug=True)
    with pytest.raises(ImproperlyConfigured, match="Set ORGSITE_THING"):
        env.secret_key("ORGSITE_THING", debug=False)
