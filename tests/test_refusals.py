"""What no view may answer is refused with a page for people and with JSON for programs."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client


@pytest.fixture
def as_alice(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def test_a_body_that_is_too_large_is_refused_by_its_declared_length(as_alice: Client) -> None:
    headers = {"CONTENT_LENGTH": str(50 * 1024 * 1024)}
    page = as_alice.post("/admin/import/", **headers)  # type: ignore[arg-type]
    data = as_alice.post("/org/import", content_type="application/json", **headers)  # type: ignore[arg-type]
    assert (page.status_code, data.status_code) == (413, 413)
    assert page["Content-Type"].startswith("text/html")
    assert "Nothing was changed" in page.content.decode()
    assert data.json()["errors"] == [{"path": "", "line": 1, "message": data.json()["error"]}]


@pytest.mark.parametrize(("path", "kind"), [("/admin/runs/", "text/html"), ("/workspaces", "application/json")])
def test_a_database_that_is_away_answers_503_with_retry_after(
    as_alice: Client, monkeypatch, path: str, kind: str
) -> None:
    def away(*args: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("workspaces.querysets.OrganizationQuerySet.visible_to", away)
    monkeypatch.setattr("workspaces.querysets.WorkspaceQuerySet.visible_to", away)
    answer = as_alice.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Content-Type"].startswith(kind)
    assert "connection refused" not in answer.content.decode()
