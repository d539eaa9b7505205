"""How often one user may import and delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import Caller
from workspaces.models import Workspace


@pytest.fixture(autouse=True)
def _twice_a_minute(settings: Any) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"destructive": "2/minute"}}


def test_the_third_import_of_a_minute_is_too_many(as_alice: Caller) -> None:
    asked = {"template": {"name": "Dev"}, "org": "acme", "dry_run": True}
    answers = [as_alice.post("/org/import", asked) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert set(answers[2].json()) == {"error", "errors"}


def test_deletes_count_with_imports_and_looking_does_not(as_alice: Caller, named: Callable[[str], Workspace]) -> None:
    address = f"/workspaces/{named('QA Engineer').pk}"
    assert [as_alice.delete(address).status_code for _ in range(3)] == [200, 200, 429]
    assert as_alice.post("/org/import", {}).status_code == 429
    assert as_alice.get(address).status_code == 200


def test_everybody_has_a_count_of_her_own(as_alice: Caller, as_charlie: Caller) -> None:
    for _ in range(3):
        as_alice.post("/org/import", {})
    assert as_charlie.post("/org/import", {}).status_code == 400


def test_off_is_off(as_alice: Caller, settings: Any) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"destructive": None}}
    assert {as_alice.post("/org/import", {}).status_code for _ in range(70)} == {400}
