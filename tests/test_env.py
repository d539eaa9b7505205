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
        (lambda name: env.fraction(name, 0.5), "1.5"),
        (lambda name: env.fraction(name, 0.5), "nan"),
        (lambda name: env.fraction(name, 0.5), "half"),
        (lambda name: env.choice(name, "none", of=("none",)), "docker"),
        (lambda name: env.throttle_rate(name, "60"), "many"),
    ],
)
def test_nonsense_is_refused_by_name(given, read, value: str) -> None:
    given(value)
    with pytest.raises(ImproperlyConfigured, match="ORGSITE_THING"):
        read("ORGSITE_THING")


def test_a_throttle_is_off_or_a_rate_a_minute(given) -> None:
    given("off")
    assert env.throttle_rate("ORGSITE_THING", "60") is None
    given("30")
    assert env.throttle_rate("ORGSITE_THING", "60") == "30/minute"


def test_without_a_key_only_debug_mode_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORGSITE_THING", raising=False)
    assert env.secret_key("ORGSITE_THING", debug=True)
    with pytest.raises(ImproperlyConfigured, match="Set ORGSITE_THING"):
        env.secret_key("ORGSITE_THING", debug=False)
