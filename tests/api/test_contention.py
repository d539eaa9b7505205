"""An organization that stays locked: 503 with Retry-After, and nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from tests.api.conftest import Caller
from workspaces.models import Organization, Workspace


@pytest.fixture
def locked(transactional_db: None, alice: User, organization: Organization, settings: Any) -> Iterator[None]:
    """Somebody else is changing alice's organization and does not come to an end."""
    settings.ORGSITE_LOCK_TIMEOUT = 1
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            if other.vendor == "postgresql":
                cursor.execute("BEGIN")
                cursor.execute("SELECT 1 FROM workspaces_organization WHERE slug = 'acme' FOR NO KEY UPDATE")
            else:
                cursor.execute("BEGIN IMMEDIATE")
            yield
            cursor.execute("ROLLBACK")
    finally:
        other.close()


@pytest.fixture
def caller(as_alice: Caller, locked: None) -> Caller:
    return as_alice


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/org/import", {"template": {"name": "Dev", "workspaces": [{"name": "PM"}]}, "org": "acme"}),
        ("/workspaces", {"name": "PM", "org": "acme"}),
    ],
    ids=["import", "create"],
)
def test_a_change_gives_up_and_says_when_to_try_again(caller: Caller, path: str, body: dict[str, Any]) -> None:
    answer = caller.post(path, body)
    assert (answer.status_code, int(answer["Retry-After"]) > 0) == (503, True)
    assert answer.json()["errors"] == []
    assert not Workspace.objects.exists()


def test_looking_does_not_wait(caller: Caller) -> None:
    assert caller.get("/workspaces").status_code == 200


def test_a_turn_that_cannot_be_counted_is_no_turn(caller: Caller, settings: Any) -> None:
    settings.ORGSITE_THROTTLE = 60
    answer = caller.post("/org/import", {"template": {"name": "Dev"}, "org": "acme"})
    assert (answer.status_code, int(answer["Retry-After"]) > 0) == (503, True)
