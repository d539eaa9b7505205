"""How much is tried of what Hypothesis and Schemathesis make up: a little in every run, a lot in `make fuzz`.

A test that does not ask here has Hypothesis' own hundred examples, and twenty times as many in `make fuzz`.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

USUAL, LARGE = "usual", "fuzz"
FACTOR = 20

# Hypothesis' own deadline for an example is one of an idle machine.
settings.register_profile(USUAL, settings(), deadline=None)
settings.register_profile(LARGE, settings(), deadline=None, max_examples=FACTOR * 100)
settings.load_profile(USUAL)


def is_large() -> bool:
    """Whether this run was started with `--hypothesis-profile=fuzz`."""
    return settings.get_current_profile_name() == LARGE


def tried(examples: int, **more: Any) -> settings:
    """Settings for a test whose examples ask a database or a running site: so many, or twenty times as many."""
    return settings(
        max_examples=examples * (FACTOR if is_large() else 1),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        **more,
    )


def rounds(number: int) -> int:
    """So many rounds of a race, or twenty times as many."""
    return number * (FACTOR if is_large() else 1)
